//! Writes the demonstration's datasets to a folder, by default `assets/demo`:
//! `cargo run -p assay-datasets --example write_demo [FOLDER]`.

fn main() -> std::io::Result<()> {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../assets/demo");
    let folder = std::env::args_os().nth(1).unwrap_or_else(|| shipped.into());
    fs_err::create_dir_all(&folder)?;
    for file in assay_datasets::demo::files() {
        fs_err::write(std::path::Path::new(&folder).join(file.name), file.content)?;
    }
    Ok(())
}
