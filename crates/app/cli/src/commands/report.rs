//! `assay report`: what is on record, as a page that stands alone and as pictures.

use super::records_folders::RecordsFolders;
use crate::context::Context;
use assay_analysis::{Follower, Limits, Scope};
use assay_dashboard::{About, Plotted, report};
use miette::{IntoDiagnostic, WrapErr, miette};
use serde::Serialize;
use std::{
    fs::Permissions,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// Make a report of what was recorded: a page that stands alone, and its plots as pictures
///
/// Miners, epochs, weights, rounds, requests, prompts and the machine, each as tables and plots. Under every table is the
/// query with which `assay query` answers the same numbers.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:\n  \
    assay report\n  \
    assay report --since 24h --output today.html --plots plots/ --format png\n  \
    assay report --records ~/.assay/validators/mine/records --netuid 2")]
pub(crate) struct Args {
    #[command(flatten)]
    folders: RecordsFolders,
    /// Only this subnet
    #[arg(long, value_name = "NETUID")]
    netuid: Option<u16>,
    /// Only what happened since: a time (2026-11-30T12:00:00Z), a day, or an age (90m, 24h, 7d)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<OffsetDateTime>,
    /// Only what happened before
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<OffsetDateTime>,
    /// The heading
    #[arg(long, value_name = "TEXT", default_value = "Subnet report")]
    title: String,
    /// The page
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    /// A folder for the plots
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// How plots are written
    #[arg(long, value_enum, default_value = "svg")]
    format: Picture,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Picture {
    Svg,
    Png,
}

/// What was made.
#[derive(Debug, Serialize)]
struct Made {
    page: PathBuf,
    plots: Vec<PathBuf>,
    events: usize,
}

pub(crate) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let folders = args.folders.find()?;
    let scope = Scope {
        netuid: args.netuid,
        since: args.since,
        until: args.until,
    };
    let mut follower = Follower::new(&folders, scope, Limits::none());
    follower.read();
    for problem in follower.problems() {
        context.output().warn(&format!("left out: {problem}"));
    }
    let store = follower.store();
    if store.is_empty() {
        return Err(miette!(
            help = "`assay query --tables` lists what there is",
            "nothing is on record in {} that the report would count",
            names_of(&folders)
        ));
    }
    let now = OffsetDateTime::now_utc();
    let about = About {
        title: args.title.clone(),
        sources: folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect(),
        made: now
            .format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"))
            .into_diagnostic()?,
        ..About::default()
    };
    let made = report(store, &about);
    write_whole(&args.output, made.html.as_bytes())?;
    let mut plots = Vec::new();
    if let Some(folder) = &args.plots {
        fs_err::create_dir_all(folder).into_diagnostic()?;
        for plot in &made.plots {
            plots.push(picture(folder, plot, args.format)?);
        }
    }
    let made = Made {
        page: args.output.clone(),
        plots,
        events: store.events(),
    };
    context.output().data(&made, |made| {
        let plots = match made.plots.len() {
            0 => String::new(),
            1 => ", and a plot".to_owned(),
            many => format!(", and {many} plots"),
        };
        format!("{} of {} events{plots}", made.page.display(), made.events)
    })
}

fn names_of(folders: &[PathBuf]) -> String {
    let names: Vec<String> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    names.join(", ")
}

fn picture(folder: &Path, plot: &Plotted, format: Picture) -> miette::Result<PathBuf> {
    let (ending, bytes) = match format {
        Picture::Svg => ("svg", plot.svg.clone().into_bytes()),
        Picture::Png => ("png", png::of(&plot.svg)?),
    };
    let path = folder.join(format!("{}.{ending}", plot.name));
    write_whole(&path, &bytes)?;
    Ok(path)
}

/// Beside its place until it is whole: a failure leaves an older file as it was.
fn write_whole(path: &Path, bytes: &[u8]) -> miette::Result<()> {
    let cannot = || format!("{} cannot be written", path.display());
    let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut beside = beside(parent.unwrap_or(Path::new(".")))
        .into_diagnostic()
        .wrap_err_with(cannot)?;
    beside.write_all(bytes).into_diagnostic().wrap_err_with(cannot)?;
    beside.persist(path).into_diagnostic().wrap_err_with(cannot)?;
    Ok(())
}

/// A file of a name that nobody has, readable as any other file of the user's.
pub(super) fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
}

/// A time, a day at its beginning, or an age.
pub(super) fn moment(text: &str) -> Result<OffsetDateTime, String> {
    let units = [("m", 60), ("h", 3_600), ("d", 86_400)];
    for (unit, seconds) in units {
        if let Some(age) = text.strip_suffix(unit).and_then(|age| age.parse::<u32>().ok()) {
            return Ok(OffsetDateTime::now_utc() - Duration::seconds(i64::from(age) * seconds));
        }
    }
    let whole = if text.contains('T') {
        text.to_owned()
    } else {
        format!("{text}T00:00:00Z")
    };
    OffsetDateTime::parse(&whole, &Rfc3339).map_err(|_| {
        "neither a time (2026-11-30T12:00:00Z) nor a day (2026-11-30) nor an age (24h)".to_owned()
    })
}

#[cfg(feature = "png")]
mod png {
    use miette::{IntoDiagnostic, miette};
    use resvg::{
        tiny_skia::{Pixmap, Transform},
        usvg::{Options, Tree},
    };
    use std::sync::Arc;

    /// Pixels for each unit of the drawing: sharp on today's screens and in print.
    const SCALE: f32 = 2.0;

    /// The picture in pixels.
    pub(super) fn of(svg: &str) -> miette::Result<Vec<u8>> {
        let mut options = Options {
            // Of the font that is carried along: a server often has none.
            font_family: "Ubuntu".to_owned(),
            ..Options::default()
        };
        let fonts = Arc::make_mut(&mut options.fontdb);
        fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
        fonts.set_sans_serif_family("Ubuntu");
        let tree = Tree::from_str(svg, &options).into_diagnostic()?;
        let size = tree.size();
        let (width, height) = ((size.width() * SCALE).ceil(), (size.height() * SCALE).ceil());
        let mut pixels = Pixmap::new(width as u32, height as u32)
            .ok_or_else(|| miette!("a plot of {width} by {height} pixels cannot be drawn"))?;
        resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
        pixels.encode_png().into_diagnostic()
    }
}

#[cfg(not(feature = "png"))]
mod png {
    pub(super) fn of(_: &str) -> miette::Result<Vec<u8>> {
        Err(miette::miette!(
            help = "use --format svg, or build one that can: cargo build --release --features full (some minutes, once)",
            "this build of assay cannot draw PNG"
        ))
    }
}
