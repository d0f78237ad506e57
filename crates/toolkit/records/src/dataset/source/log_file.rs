//! Exchanges in the lines of an original validator's file of events.

use super::line;
use crate::dataset::{error::BuildError, exchange::Intake, report::Fault};
use fs_err as fs;
use std::{
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// The longest line that is looked at. Events are kilobytes; those with all scores of a large network some megabytes.
const MAX_LINE: usize = 32 * 1024 * 1024;

pub(super) fn read(path: &Path, intake: &mut dyn Intake) -> Result<(), BuildError> {
    let fault = |intake: &mut dyn Intake, line, why: String| {
        intake.fault(Fault {
            file: path.to_owned(),
            line,
            why,
        });
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) => {
            fault(intake, None, error.to_string());
            return Ok(());
        }
    };
    let mut lines = BufReader::with_capacity(256 * 1024, file);
    let run = path.display().to_string();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let length = match (&mut lines)
            .take(MAX_LINE as u64 + 1)
            .read_until(b'\n', &mut line)
        {
            Ok(length) => length,
            Err(error) => {
                fault(intake, Some(number), error.to_string());
                return Ok(());
            }
        };
        if length == 0 {
            return Ok(());
        }
        let is_whole = line.last() == Some(&b'\n');
        if !is_whole && length > MAX_LINE {
            fault(
                intake,
                Some(number),
                format!("it is longer than {MAX_LINE} bytes"),
            );
            // One huge line must not take the memory of the machine.
            if let Err(error) = skip_line(&mut lines) {
                fault(intake, Some(number), error.to_string());
                return Ok(());
            }
            continue;
        }
        match line::exchanges(&line, &run, &mut |exchange| intake.exchange(exchange)) {
            Ok(line::Held::Exchanges) => {}
            Ok(line::Held::Other) => intake.other_line(),
            Err(line::Failure::Build(error)) => return Err(error),
            Err(line::Failure::Unreadable(why)) if is_whole => fault(intake, Some(number), why),
            Err(line::Failure::Unreadable(why)) => {
                fault(intake, Some(number), format!("it is cut off: {why}"));
            }
        }
    }
    Ok(())
}

/// Reads to the end of the line and keeps nothing of it.
fn skip_line(lines: &mut impl BufRead) -> io::Result<()> {
    loop {
        let read = lines.fill_buf()?;
        if read.is_empty() {
            return Ok(());
        }
        match read.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                lines.consume(end + 1);
                return Ok(());
            }
            None => {
                let length = read.len();
                lines.consume(length);
            }
        }
    }
}
