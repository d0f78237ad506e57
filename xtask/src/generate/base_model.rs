//! The base model in `assets/base-model`, made from the text beside it.
//!
//! It takes some ten minutes of processor time. The result is the same on processors of one kind; another kind rounds
//! differently, which is why no check compares it.

use crate::{error::TaskError, process};

/// Makes it and writes it where it is shipped from.
pub(crate) fn make() -> Result<(), TaskError> {
    process::run(process::cargo().args([
        "run",
        "--release",
        "--locked",
        "--package",
        "assay-models",
        "--example",
        "make_base_model",
    ]))
}
