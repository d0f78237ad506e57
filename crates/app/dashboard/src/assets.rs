//! The page's style and scripts, compiled in: the page asks nobody else for anything.

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asset {
    pub(crate) name: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) content: &'static str,
}

/// Every file of the page.
pub(crate) const ASSETS: [Asset; 6] = [
    Asset {
        name: "dashboard.css",
        content_type: "text/css; charset=utf-8",
        content: include_str!("../assets/dashboard.css"),
    },
    Asset {
        name: "explorer.css",
        content_type: "text/css; charset=utf-8",
        content: include_str!("../assets/explorer.css"),
    },
    Asset {
        name: "records.css",
        content_type: "text/css; charset=utf-8",
        content: include_str!("../assets/records.css"),
    },
    Asset {
        name: "dashboard.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/dashboard.js"),
    },
    Asset {
        name: "theme.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("../assets/theme.js"),
    },
    Asset {
        name: "icon.svg",
        content_type: "image/svg+xml",
        content: include_str!("../assets/icon.svg"),
    },
];

/// Changes with any of the files: part of their addresses, so that they may be cached for good, and what tells an
/// open page that it was made by another version.
pub(crate) const VERSION: u64 = {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut file = 0;
    while file < ASSETS.len() {
        hash = fnv1a(hash, ASSETS[file].content.as_bytes());
        file += 1;
    }
    hash
};

/// FNV-1a. It only has to notice a change, not to withstand anybody.
pub(crate) const fn fnv1a(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

/// The address of a file, with its version.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{name}?v={VERSION:016x}")
}
