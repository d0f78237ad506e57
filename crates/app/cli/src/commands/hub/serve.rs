//! `assay hub serve`.

use super::place::token_of_environment;
use crate::context::Context;
use assay_hub::{Access, Account, HubServer, HubServerConfig};
use miette::{Context as _, IntoDiagnostic, miette};
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use std::{
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder that holds the hub's repositories
    #[arg(long, value_name = "DIR", default_value = "~/.assay/hub")]
    root: String,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8430)]
    port: u16,
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Address to write into links, when clients reach the hub through a proxy
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Name of the account that the token belongs to
    #[arg(long, value_name = "NAME", default_value = "assay")]
    user: String,
    /// File with the account's token. Without it the token is HF_TOKEN, or else one that is made and kept in the
    /// hub's folder
    #[arg(long, value_name = "FILE", conflicts_with = "accounts")]
    token_file: Option<PathBuf>,
    /// File with several accounts, one a line: NAME TOKEN [read] [owner=OTHER]…
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
}

/// What a program that started the hub needs to know.
#[derive(Debug, Serialize)]
struct Listening<'a> {
    url: &'a str,
    root: &'a Path,
    accounts: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_file: Option<&'a Path>,
}

pub(crate) fn run(args: Args, context: &Context) -> miette::Result<()> {
    let root = crate::configuration::expand_home(Path::new(&args.root));
    fs_err::create_dir_all(&root).into_diagnostic()?;
    let (accounts, token_file) = accounts(&args, &root)?;
    let names: Vec<_> = accounts.iter().map(|account| account.name.clone()).collect();
    let mut config = HubServerConfig::new(&root).listen(SocketAddr::new(args.host, args.port));
    config.accounts = accounts;
    config.public_url = args.public_url;
    context.block_on(async {
        let hub = HubServer::start(config)
            .await
            .into_diagnostic()
            .wrap_err("the hub does not start")?;
        let url = hub.url();
        let output = context.output();
        let listening = Listening {
            url: &url,
            root: &root,
            accounts: names.iter().map(String::as_str).collect(),
            token_file: token_file.as_deref(),
        };
        output.data(&listening, |listening| listening.url.to_owned())?;
        output.say(&format!("serving {} at {url}; interrupt to stop", root.display()));
        if let Some(file) = &token_file {
            output.say(&format!(
                "the token of \"{}\" is in {}",
                args.user,
                file.display()
            ));
        }
        output.say(&format!("point a client at it:  export HF_ENDPOINT={url}"));
        interrupted().await?;
        hub.stop().await;
        Ok(())
    })
}

/// Waits until the process is asked to end.
async fn interrupted() -> miette::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done.into_diagnostic(),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.into_diagnostic()
}

/// The accounts, and where a token was left to be read.
fn accounts(args: &Args, root: &Path) -> miette::Result<(Vec<Account>, Option<PathBuf>)> {
    if let Some(file) = &args.accounts {
        let text = fs_err::read_to_string(file).into_diagnostic()?;
        return Ok((
            parse_accounts(&text).wrap_err_with(|| file.display().to_string())?,
            None,
        ));
    }
    let (token, file) = match &args.token_file {
        Some(file) => (read_or_make_token(file)?, Some(file.clone())),
        None => match token_of_environment() {
            Some(token) => (token, None),
            None => {
                let file = root.join("token");
                (read_or_make_token(&file)?, Some(file))
            }
        },
    };
    Ok((vec![Account::new(&args.user, token)], file))
}

/// The token in a file; a new one, readable by this user only, when there is no such file.
fn read_or_make_token(file: &Path) -> miette::Result<SecretString> {
    match fs_err::read_to_string(file) {
        Ok(text) => match text.trim() {
            "" => Err(miette!(
                help = "remove it, and a token is made",
                "{} is empty",
                file.display()
            )),
            token => Ok(SecretString::from(token)),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let token = SecretString::from(format!("hf_{}", hex::encode(rand::rng().random::<[u8; 20]>())));
            let folder = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            // Temporary files are made readable by this user only, and stay so under their new name.
            let mut made = tempfile::NamedTempFile::new_in(folder).into_diagnostic()?;
            writeln!(made, "{}", token.expose_secret()).into_diagnostic()?;
            made.persist_noclobber(file).into_diagnostic()?;
            Ok(token)
        }
        Err(error) => Err(error).into_diagnostic(),
    }
}

fn parse_accounts(text: &str) -> miette::Result<Vec<Account>> {
    let mut accounts = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace();
        let Some(name) = words.next().filter(|name| !name.starts_with('#')) else {
            continue;
        };
        let token = words
            .next()
            .ok_or_else(|| miette!("line {}: \"{name}\" has no token", number + 1))?;
        let mut account = Account::new(name, token);
        for word in words {
            match word.strip_prefix("owner=") {
                Some(owner) => account.organizations.push(owner.to_owned()),
                None if word == "read" => account.access = Access::Read,
                // The word is not shown: it could be a token in the wrong place.
                None => {
                    return Err(miette!(
                        help = "write: NAME TOKEN [read] [owner=OTHER]…",
                        "line {}: a word behind the token of \"{name}\" is not understood",
                        number + 1
                    ));
                }
            }
        }
        accounts.push(account);
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_line_by_line() {
        let text = "# who may enter\nalice hf_a owner=guild owner=club\n\nbob hf_b read\n";
        let accounts = parse_accounts(text).unwrap();
        assert_eq!(accounts.len(), 2);
        assert_eq!(
            (accounts[0].name.as_str(), accounts[0].token.expose_secret()),
            ("alice", "hf_a")
        );
        assert_eq!(accounts[0].organizations, ["guild", "club"]);
        assert_eq!(
            (accounts[0].access, accounts[1].access),
            (Access::Write, Access::Read)
        );
    }

    #[test]
    fn a_misplaced_word_is_refused_and_not_shown() {
        let error = parse_accounts("alice hf_a hf_secret").unwrap_err().to_string();
        assert!(
            error.contains("line 1") && !error.contains("hf_secret"),
            "{error}"
        );
        assert!(parse_accounts("alice").is_err());
    }

    #[test]
    fn a_token_is_made_once() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("token");
        let made = read_or_make_token(&file).unwrap();
        assert_eq!(
            read_or_make_token(&file).unwrap().expose_secret(),
            made.expose_secret()
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs_err::metadata(&file).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }
}
