//! Turns a panic of the runtime into an error.
//!
//! The runtime panics on arguments that do not decode and wherever a pallet expects the impossible; on a real node the
//! sandbox around it catches that, here this module does. While it is at work the process's panic hook stays silent
//! on this thread and keeps the message instead; other threads panic as before.
//! Caveat: needs `panic = "unwind"`, in release builds too.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static MESSAGE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `work`; a panic in it becomes its message and place.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    install();
    let outer = CATCHING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    CATCHING.set(outer);
    result.map_err(|_| {
        MESSAGE
            .take()
            .unwrap_or_else(|| "the runtime panicked without a message".to_owned())
    })
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                let text = info.payload_as_str().unwrap_or("a panic without a text");
                let place = info
                    .location()
                    .map(|place| format!(" at {}:{}", short(place.file()), place.line()))
                    .unwrap_or_default();
                MESSAGE.set(Some(format!("{text}{place}")));
            } else {
                previous(info);
            }
        }));
    });
}

/// The last three parts of a source path: the rest names folders of the machine that built this.
fn short(path: &str) -> &str {
    path.rmatch_indices(['/', '\\'])
        .nth(2)
        .map_or(path, |(at, _)| &path[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_text_and_place() {
        let caught = catch(|| panic!("netuid {} is odd", 7));
        let message = caught.expect_err("it panicked");
        assert!(message.starts_with("netuid 7 is odd at "), "{message}");
        assert!(message.contains("src/panics.rs:"), "{message}");
        assert_eq!(catch(|| 5), Ok(5));
    }

    #[test]
    fn paths_lose_what_names_the_machine() {
        assert_eq!(
            short("/root/.cargo/registry/src/x/crate-1.0/src/lib.rs"),
            "crate-1.0/src/lib.rs"
        );
        assert_eq!(short("src/lib.rs"), "src/lib.rs");
    }
}
