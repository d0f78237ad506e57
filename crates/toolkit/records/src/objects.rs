//! Records in an object store that speaks the S3 protocol: the same files under the same names as in a folder, of as many
//! programs as there are.
//!
//! What a log has rolled never changes, so it is stored once. Lines that are still being written are stored as they are, and
//! again when there are more of them; readers leave them out once the Parquet file that took them in is there.

use crate::{
    describe,
    error::RecordsError,
    layout::{self, File, Named, Segment},
};
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{
    ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    buffered::BufWriter,
    path::Path as Key,
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::io::AsyncWriteExt;
use url::Url;

/// Objects that a look takes in. More are some years of a busy subnet's; a mistaken prefix has more.
const MOST_OBJECTS: usize = 500_000;
/// Bytes of a file of columns. Ours have some kilobytes.
const MOST_COLUMNS: u64 = 1024 * 1024;
/// Bytes of a file of lines. A log rolls its own long before.
const MOST_LINES: u64 = 512 * 1024 * 1024;
/// A request without an answer is given up, and tried again.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often and how long in all a request is tried.
const RETRIES: RetryConfig = RetryConfig {
    backoff: object_store::BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(5),
        base: 2.0,
    },
    max_retries: 4,
    retry_timeout: Duration::from_secs(60),
};

/// Variables of which one says who asks.
const KEYS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SKIP_SIGNATURE",
    "AWS_METADATA_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Why an object store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectsError {
    /// The address is none of a bucket.
    #[error("{address} is not the address of records in a bucket: {why}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing says who asks.
    #[error(
        "there are no keys for {address}: put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_SKIP_SIGNATURE=true \
         is for a bucket that anybody may read, AWS_METADATA_ENDPOINT=http://169.254.169.254 for a machine at Amazon that has a role"
    )]
    NoKeys {
        /// What was given.
        address: String,
    },
    /// The store does not do what it is asked.
    #[error("{doing} failed: {}", in_short(cause))]
    Store {
        /// What was tried.
        doing: String,
        /// What the store says. Not the error's source, whose words are whole pages.
        cause: object_store::Error,
    },
    /// There are too many objects.
    #[error("there are more than {MOST_OBJECTS} objects under {address}; name a longer prefix")]
    TooMany {
        /// The address.
        address: Url,
    },
    /// The records on this machine cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// The store's words without the answer's body, which is a page of XML, and without the tries before.
fn in_short(error: &object_store::Error) -> String {
    /// Enough for a cause and a place.
    const LONGEST: usize = 300;
    let mut words = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = next {
        words = cause.to_string();
        next = cause.source();
    }
    if let Some((before, answer)) = words.split_once("<?xml") {
        let code = xml_code(answer).unwrap_or("no code");
        words = format!("{} {code}", before.trim_end());
    }
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(LONGEST).collect()
}

/// The code that an answer in XML carries, such as `NoSuchBucket`.
fn xml_code(answer: &str) -> Option<&str> {
    let (_, rest) = answer.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    Some(code)
}

/// Records under a prefix of a bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    address: Url,
    prefix: Key,
}

/// A stream of one folder of records in a bucket.
#[derive(Debug, Default)]
pub(crate) struct StoredStream {
    /// By version.
    pub(crate) columns: Vec<(u32, ObjectMeta)>,
    pub(crate) segments: Vec<Segment>,
    /// What the store says of each segment.
    pub(crate) objects: HashMap<PathBuf, ObjectMeta>,
}

/// What a copy to a bucket came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Files that were sent.
    pub sent: usize,
    /// Bytes of those.
    pub bytes: u64,
    /// Files that were there already.
    pub there: usize,
}

impl Bucket {
    /// The records at `s3://bucket/prefix`. The options have the names of the variables that the AWS tools read
    /// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL` for another service than Amazon's,
    /// `AWS_ALLOW_HTTP=true` for one without TLS); others are passed over. Nothing is asked of the store yet.
    ///
    /// # Errors
    /// When the address is none, or an option has no meaning.
    pub fn open(
        address: &str,
        options: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ObjectsError> {
        let wrong = |why: String| ObjectsError::Address {
            address: address.to_owned(),
            why,
        };
        let url = Url::parse(address).map_err(|error| wrong(error.to_string()))?;
        if url.scheme() != "s3" {
            return Err(wrong("it has the form s3://bucket/prefix".to_owned()));
        }
        let Some(bucket) = url.host_str().filter(|bucket| !bucket.is_empty()) else {
            return Err(wrong("it names no bucket".to_owned()));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ObjectsError::Address {
                // Not repeated: it would be in the log.
                address: format!("s3://…@{bucket}"),
                why: "keys do not belong into an address; they are read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                    .to_owned(),
            });
        }
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_retry(RETRIES);
        let mut client = ClientOptions::new()
            .with_timeout(TIMEOUT)
            .with_connect_timeout(CONNECT_TIMEOUT);
        let mut has_keys = false;
        for (name, value) in options {
            has_keys |= KEYS.contains(&name.as_str());
            let Some(key) = name
                .starts_with("AWS_")
                .then(|| name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>().ok())
                .flatten()
            else {
                continue;
            };
            match key {
                // A client option, which the builder forgets with the options that are set below.
                AmazonS3ConfigKey::Client(key) => client = client.with_config(key, value),
                key => builder = builder.with_config(key, value),
            }
        }
        if !has_keys {
            // The client would ask the machine's own network for a role, which takes a minute where there is none.
            return Err(ObjectsError::NoKeys {
                address: address.to_owned(),
            });
        }
        let store = builder
            .with_client_options(client)
            .build()
            .map_err(|error| wrong(in_short(&error)))?;
        let prefix = Key::from_url_path(url.path()).map_err(|error| wrong(error.to_string()))?;
        let mut root = url;
        root.set_path("");
        root.set_query(None);
        root.set_fragment(None);
        Ok(Self {
            store: Arc::new(store),
            address: root,
            prefix,
        })
    }

    /// The address of the bucket, without the prefix.
    pub(crate) fn root(&self) -> &Url {
        &self.address
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// What the store holds, by folder of records and stream. Objects of other names are left alone.
    pub(crate) async fn streams(&self) -> Result<HashMap<(String, String), StoredStream>, ObjectsError> {
        let mut streams: HashMap<(String, String), StoredStream> = HashMap::new();
        for object in self.objects().await? {
            let Some(Named {
                root,
                stream,
                version,
                file,
            }) = layout::named(object.location.as_ref())
            else {
                continue;
            };
            let of = streams.entry((root.to_owned(), stream.to_owned())).or_default();
            match file {
                File::Columns => of.columns.push((version, object)),
                File::Segment { day, first, last } => {
                    let path = PathBuf::from(object.location.as_ref());
                    of.objects.insert(path.clone(), object);
                    of.segments.push(Segment {
                        path,
                        version,
                        day,
                        first,
                        last,
                    });
                }
            }
        }
        Ok(streams)
    }

    async fn objects(&self) -> Result<Vec<ObjectMeta>, ObjectsError> {
        let mut listed = self.store.list(Some(&self.prefix));
        let mut objects = Vec::new();
        let failed = |cause| ObjectsError::Store {
            doing: format!("listing {}", self.shown(&self.prefix).display()),
            cause,
        };
        while let Some(object) = listed.try_next().await.map_err(failed)? {
            if objects.len() == MOST_OBJECTS {
                let mut address = self.address.clone();
                address.set_path(self.prefix.as_ref());
                return Err(ObjectsError::TooMany { address });
            }
            objects.push(object);
        }
        Ok(objects)
    }

    /// The columns that an object describes.
    pub(crate) async fn columns(&self, object: &ObjectMeta) -> Result<describe::Description, RecordsError> {
        let bytes = self.bytes(object, MOST_COLUMNS).await?;
        describe::parse(&bytes, &self.shown(&object.location))
    }

    /// The lines of an object.
    pub(crate) async fn lines(&self, object: &ObjectMeta) -> Result<Bytes, RecordsError> {
        self.bytes(object, MOST_LINES).await
    }

    async fn bytes(&self, object: &ObjectMeta, most: u64) -> Result<Bytes, RecordsError> {
        let (key, size) = (&object.location, object.size);
        let damaged = |why: String| RecordsError::damaged(&self.shown(key), why);
        if size > most {
            return Err(damaged(format!("it has {size} bytes, more than {most}")));
        }
        if size == 0 {
            // A range of nothing is refused. Such a file was begun, and nothing is in it yet.
            return Ok(Bytes::new());
        }
        // As many as were listed: an object that was replaced by a larger one meanwhile is not read whole.
        self.store
            .get_range(key, 0..size)
            .await
            .map_err(|error| damaged(in_short(&error)))
    }

    /// An object's address as a path, for messages.
    pub(crate) fn shown(&self, key: &Key) -> PathBuf {
        PathBuf::from(format!("{}/{key}", self.address.as_str().trim_end_matches('/')))
    }

    /// Copies the records of a folder to this prefix. What is there with the same size is not sent again.
    ///
    /// # Errors
    /// When the folder cannot be read, or the store refuses. What was sent until then stays and is not sent again.
    pub async fn keep(&self, folder: &Path) -> Result<Stored, ObjectsError> {
        let there: HashMap<Key, u64> = self
            .objects()
            .await?
            .into_iter()
            .map(|object| (object.location, object.size))
            .collect();
        let mut stored = Stored::default();
        for (stream, segments) in layout::streams(folder)? {
            let mut files = Vec::new();
            for segment in segments.live {
                // Before the first events of a version, its columns.
                let columns = layout::version_folder(folder, &stream, segment.version).join(describe::FILE);
                if !files.contains(&columns) && columns.is_file() {
                    files.push(columns);
                }
                files.push(segment.path);
            }
            for file in files {
                self.send(folder, &file, &there, &mut stored).await?;
            }
        }
        Ok(stored)
    }

    async fn send(
        &self,
        folder: &Path,
        file: &Path,
        there: &HashMap<Key, u64>,
        stored: &mut Stored,
    ) -> Result<(), ObjectsError> {
        let within = file.strip_prefix(folder).unwrap_or(file);
        let key = within.iter().fold(self.prefix.clone(), |key, name| {
            key.join(&*name.to_string_lossy())
        });
        let mut source = match tokio::fs::File::open(file).await {
            Ok(source) => source,
            // It was rolled, or its time is over; the next copy has what took it in.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(RecordsError::from(error).into()),
        };
        // Of what was opened: its name may have gone meanwhile.
        let size = source.metadata().await.map_err(RecordsError::from)?.len();
        if there.get(&key) == Some(&size) {
            stored.there += 1;
            return Ok(());
        }
        let mut object = BufWriter::new(Arc::clone(&self.store), key.clone());
        let copied = match tokio::io::copy(&mut source, &mut object).await {
            Ok(copied) => object.shutdown().await.map(|()| copied),
            Err(error) => Err(error),
        };
        stored.bytes += copied.map_err(|error| ObjectsError::Store {
            doing: format!("storing {}", self.shown(&key).display()),
            cause: object_store::Error::Generic {
                store: "S3",
                source: Box::new(error),
            },
        })?;
        stored.sent += 1;
        Ok(())
    }
}
