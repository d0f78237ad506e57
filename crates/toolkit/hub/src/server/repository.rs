//! One repository on disk: its objects, its branches, its settings, and the one way to change them.

use super::{
    durable,
    git::{Commit, LfsPointer, ObjectId, ObjectKind, ObjectStore, ObjectWriter, Signature, Tag},
    large_files::LargeFiles,
    references::{RefKind, References},
    reject::Reject,
    snapshot::{FileEntry, Snapshot},
};
use crate::{RefName, RepoId, RepoPath, RepoType, Revision, Visibility};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use time::OffsetDateTime;

/// Largest commit or tag object: a message is limited far below it.
const MAX_COMMIT_BYTES: u64 = 1 << 20;

/// Snapshots kept in memory per repository. Most requests ask for the head; a few more keep a client that reads an
/// older commit while others are made from reading the trees again for every file.
const KEPT_SNAPSHOTS: usize = 4;

/// Name of the file with the settings, inside the repository's folder.
const SETTINGS_FILE: &str = "assay-hub.json";

/// Whether readers have to be admitted one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Gate {
    #[default]
    Open,
    Auto,
    Manual,
}

/// What is known of a repository besides its content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Version of this file's form.
    version: u32,
    pub(crate) visibility: Visibility,
    #[serde(default)]
    pub(crate) gate: Gate,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created: OffsetDateTime,
}

const SETTINGS_VERSION: u32 = 1;

/// A change that a commit makes.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Put {
        path: RepoPath,
        blob: ObjectId,
        size: u64,
    },
    PutLarge {
        path: RepoPath,
        pointer: LfsPointer,
    },
    DeleteFile {
        path: RepoPath,
    },
    DeleteFolder {
        path: RepoPath,
    },
}

/// A commit about to be made; the blobs it names are written already.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) author: Signature,
    pub(crate) title: String,
    pub(crate) message: String,
    pub(crate) parent: Option<Revision>,
    pub(crate) changes: Vec<Change>,
    pub(crate) objects: ObjectWriter,
}

/// One repository. All its calls block on the disk.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) id: RepoId,
    pub(crate) kind: RepoType,
    folder: PathBuf,
    pub(crate) objects: ObjectStore,
    pub(crate) large: LargeFiles,
    references: References,
    settings: RwLock<Settings>,
    /// Held while a reference or the settings change. `true` once the repository was removed.
    removed: Mutex<bool>,
    snapshots: Mutex<Vec<(Revision, Arc<Snapshot>)>>,
}

impl Repository {
    /// Makes the files of a new repository, with a first commit of `files`, in a folder that nobody knows yet.
    pub(crate) fn lay_out(
        folder: &Path,
        visibility: Visibility,
        author: Signature,
        files: &[(&str, &str)],
    ) -> io::Result<()> {
        for inner in ["objects", "lfs/objects", "refs/heads", "refs/tags"] {
            fs_err::create_dir_all(folder.join(inner))?;
        }
        durable::write(&folder.join("HEAD"), b"ref: refs/heads/main\n")?;
        durable::write(
            &folder.join("config"),
            b"[core]\n\trepositoryformatversion = 0\n\tfilemode = false\n\tbare = true\n",
        )?;
        let created = OffsetDateTime::from_unix_timestamp(author.seconds).map_err(io::Error::other)?;
        let settings = Settings {
            version: SETTINGS_VERSION,
            visibility,
            gate: Gate::Open,
            created,
        };
        durable::write(
            &folder.join(SETTINGS_FILE),
            &serde_json::to_vec_pretty(&settings)?,
        )?;

        let mut writer = ObjectStore::new(folder.join("objects")).writer();
        let mut entries = BTreeMap::new();
        for (path, content) in files {
            let id = writer.write(ObjectKind::Blob, content.as_bytes())?;
            entries.insert(
                (*path).to_owned(),
                FileEntry {
                    id,
                    size: content.len() as u64,
                    lfs: None,
                },
            );
        }
        let (tree, _) = Snapshot::write(entries, &mut writer)?;
        let title = "initial commit".to_owned();
        let first = Commit {
            tree,
            parents: Vec::new(),
            author,
            title,
            message: String::new(),
        };
        let head = writer.write(ObjectKind::Commit, &first.encode())?;
        writer.finish()?;
        References::new(folder.join("refs")).set(RefKind::Branch, &RefName::main(), head)
    }

    pub(crate) fn open(kind: RepoType, id: RepoId, folder: PathBuf) -> io::Result<Self> {
        let settings: Settings = serde_json::from_slice(&fs_err::read(folder.join(SETTINGS_FILE))?)?;
        if settings.version != SETTINGS_VERSION {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "{id} was written by another version of the hub (form {})",
                    settings.version
                ),
            ));
        }
        Ok(Self {
            kind,
            id,
            objects: ObjectStore::new(folder.join("objects")),
            large: LargeFiles::new(folder.join("lfs").join("objects")),
            references: References::new(folder.join("refs")),
            settings: RwLock::new(settings),
            removed: Mutex::new(false),
            snapshots: Mutex::default(),
            folder,
        })
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.read().clone()
    }

    /// Changes the settings, on disk first.
    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Reject> {
        let _held = self.hold()?;
        let mut changed = self.settings();
        change(&mut changed);
        let bytes = serde_json::to_vec_pretty(&changed).map_err(io::Error::from)?;
        durable::write(&self.folder.join(SETTINGS_FILE), &bytes)?;
        *self.settings.write() = changed;
        Ok(())
    }

    /// Takes the lock under which the repository changes.
    fn hold(&self) -> Result<parking_lot::MutexGuard<'_, bool>, Reject> {
        let held = self.removed.lock();
        if *held { Err(Reject::Busy) } else { Ok(held) }
    }

    /// Moves the repository's folder away for good.
    pub(crate) fn remove_to(&self, grave: &Path) -> Result<(), Reject> {
        let mut held = self.hold()?;
        fs_err::rename(&self.folder, grave)?;
        *held = true;
        Ok(())
    }

    /// The commit that a branch, a tag, a commit's digits or the first seven or more of them name.
    pub(crate) fn resolve(&self, name: &RefName) -> Result<Revision, Reject> {
        let unknown = || Reject::RevisionNotFound(name.clone());
        let text = name.as_str();
        let full = [(RefKind::Branch, "refs/heads/"), (RefKind::Tag, "refs/tags/")];
        for (kind, prefix) in full {
            let short = text.strip_prefix(prefix).map(str::parse).transpose()?;
            if let Some(id) = self.references.get(kind, short.as_ref().unwrap_or(name))? {
                return self.peel(id)?.ok_or_else(unknown);
            }
        }
        if !(7..=40).contains(&text.len())
            || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(unknown());
        }
        let mut commits = Vec::new();
        for id in self.objects.with_prefix(text)? {
            if matches!(self.objects.header(id)?.0, ObjectKind::Commit) {
                commits.push(id);
            }
        }
        match commits.as_slice() {
            [only] => Ok((*only).into()),
            _ => Err(unknown()),
        }
    }

    /// The commit behind an object that a reference names.
    fn peel(&self, id: ObjectId) -> io::Result<Option<Revision>> {
        Ok(match self.objects.read(id, MAX_COMMIT_BYTES)? {
            (ObjectKind::Commit, _) => Some(id.into()),
            (ObjectKind::Tag, bytes) => Tag::parse_target(&bytes).map(Revision::from),
            _ => None,
        })
    }

    pub(crate) fn read_commit(&self, revision: Revision) -> io::Result<Commit> {
        let bytes = self
            .objects
            .read_kind(revision.into(), ObjectKind::Commit, MAX_COMMIT_BYTES)?;
        Commit::parse(&bytes).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("commit {revision} is damaged"),
            )
        })
    }

    /// The files of a commit.
    pub(crate) fn snapshot(&self, revision: Revision) -> io::Result<Arc<Snapshot>> {
        {
            let mut kept = self.snapshots.lock();
            if let Some(at) = kept.iter().position(|(of, _)| *of == revision) {
                let hit = kept.remove(at);
                kept.push(hit.clone());
                return Ok(hit.1);
            }
        }
        let tree = self.read_commit(revision)?.tree;
        let snapshot = Arc::new(Snapshot::read(&self.objects, &self.large, tree)?);
        self.keep(revision, Arc::clone(&snapshot));
        Ok(snapshot)
    }

    fn keep(&self, revision: Revision, snapshot: Arc<Snapshot>) {
        let mut kept = self.snapshots.lock();
        if kept.len() >= KEPT_SNAPSHOTS {
            kept.remove(0);
        }
        kept.push((revision, snapshot));
    }

    pub(crate) fn list_references(&self, kind: RefKind) -> Result<Vec<(RefName, Revision)>, Reject> {
        let mut found = Vec::new();
        for (name, id) in self.references.list(kind)? {
            found.extend(self.peel(id)?.map(|revision| (name, revision)));
        }
        Ok(found)
    }

    pub(crate) fn create_branch(&self, name: &RefName, at: Option<&RefName>) -> Result<(), Reject> {
        let _held = self.hold()?;
        let start = self.resolve(at.unwrap_or(&RefName::main()))?;
        self.references.create(RefKind::Branch, name, start.into())
    }

    /// Names a commit for good. A message makes it an annotated tag.
    pub(crate) fn create_tag(
        &self,
        name: &RefName,
        at: &RefName,
        tagger: Signature,
        message: Option<String>,
    ) -> Result<(), Reject> {
        let _held = self.hold()?;
        let target = ObjectId::from(self.resolve(at)?);
        let id = match message.filter(|message| !message.is_empty()) {
            None => target,
            Some(message) => {
                let tag = Tag {
                    target,
                    name: name.to_string(),
                    tagger,
                    message,
                };
                let mut writer = self.objects.writer();
                let id = writer.write(ObjectKind::Tag, &tag.encode())?;
                writer.finish()?;
                id
            }
        };
        self.references.create(RefKind::Tag, name, id)
    }

    pub(crate) fn remove_reference(&self, kind: RefKind, name: &RefName) -> Result<(), Reject> {
        let _held = self.hold()?;
        if kind == RefKind::Branch && *name == RefName::main() {
            return Err(Reject::DefaultBranch);
        }
        if self.references.remove(kind, name)? {
            Ok(())
        } else {
            Err(Reject::RevisionNotFound(name.clone()))
        }
    }

    /// Makes the draft the head of a branch: the only place where a branch moves. Writers wait for each other here;
    /// one that names a parent which is no longer the head is turned down.
    pub(crate) fn commit(
        &self,
        branch: &RefName,
        draft: Draft,
        max_files: usize,
    ) -> Result<Revision, Reject> {
        let _held = self.hold()?;
        let head = self.references.get(RefKind::Branch, branch)?;
        let head = Revision::from(head.ok_or_else(|| Reject::RevisionNotFound(branch.clone()))?);
        if draft.parent.is_some_and(|parent| parent != head) {
            return Err(Reject::HeadMoved);
        }
        let mut writer = draft.objects;
        let mut files = self.snapshot(head)?.files.clone();
        for change in &draft.changes {
            self.apply(&mut files, change, head, &mut writer)?;
        }
        if files.len() > max_files {
            return Err(Reject::TooMany {
                what: "files in one repository",
                limit: max_files,
            });
        }
        check_clashes(&files, &draft.changes)?;
        let (tree, snapshot) = Snapshot::write(files, &mut writer)?;
        let commit = Commit {
            tree,
            parents: vec![head.into()],
            author: draft.author,
            title: draft.title,
            message: draft.message,
        };
        let id = writer.write(ObjectKind::Commit, &commit.encode())?;
        writer.finish()?;
        self.references.set(RefKind::Branch, branch, id)?;
        self.keep(id.into(), Arc::new(snapshot));
        Ok(id.into())
    }

    fn apply(
        &self,
        files: &mut BTreeMap<String, FileEntry>,
        change: &Change,
        head: Revision,
        writer: &mut ObjectWriter,
    ) -> Result<(), Reject> {
        let missing = || Reject::EntryNotFound { revision: Some(head) };
        match change {
            Change::Put { path, blob, size } => {
                files.insert(
                    path.to_string(),
                    FileEntry {
                        id: *blob,
                        size: *size,
                        lfs: None,
                    },
                );
            }
            Change::PutLarge { path, pointer } => {
                let id = writer.write(ObjectKind::Blob, pointer.encode().as_bytes())?;
                files.insert(
                    path.to_string(),
                    FileEntry {
                        id,
                        size: pointer.size,
                        lfs: Some(*pointer),
                    },
                );
            }
            Change::DeleteFile { path } => {
                files.remove(path.as_str()).ok_or_else(missing)?;
            }
            Change::DeleteFolder { path } => {
                let prefix = format!("{path}/");
                let before = files.len();
                files.retain(|file, _| !file.starts_with(&prefix));
                if files.len() == before {
                    return Err(missing());
                }
            }
        }
        Ok(())
    }
}

/// Refuses a commit after which a name would be both a file and a folder.
fn check_clashes(files: &BTreeMap<String, FileEntry>, changes: &[Change]) -> Result<(), Reject> {
    for change in changes {
        let (Change::Put { path, .. } | Change::PutLarge { path, .. }) = change else {
            continue;
        };
        if !files.contains_key(path.as_str()) {
            continue; // a later change of the same commit removed it
        }
        let folder = format!("{path}/");
        let has_inside = files
            .range(folder.clone()..)
            .next()
            .is_some_and(|(next, _)| next.starts_with(&folder));
        let clash = path.ancestors().find(|above| files.contains_key(*above));
        if let Some(clash) = clash.or(has_inside.then_some(path.as_str())) {
            return Err(Reject::PathClash {
                path: clash.to_owned(),
            });
        }
    }
    Ok(())
}
