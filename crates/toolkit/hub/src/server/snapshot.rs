//! The files of one commit, laid flat.

use super::git::{EntryMode, LfsPointer, ObjectId, ObjectKind, ObjectStore, ObjectWriter, Tree, TreeEntry};
use super::large_files::LargeFiles;
use std::{collections::BTreeMap, io};

/// Largest folder object that is read: some 300,000 names. A tree that this hub wrote is far below it.
pub(crate) const MAX_TREE_BYTES: u64 = 16 << 20;

/// One file of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileEntry {
    /// The blob that stands in the tree: the content, or the pointer to it.
    pub(crate) id: ObjectId,
    /// Bytes of the content (not of the pointer).
    pub(crate) size: u64,
    /// Set for a large file.
    pub(crate) lfs: Option<LfsPointer>,
}

/// All files and folders of one commit. Both maps are in byte order of the whole path, which is the order in which
/// Git lists a tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) files: BTreeMap<String, FileEntry>,
    pub(crate) folders: BTreeMap<String, ObjectId>,
}

impl Snapshot {
    /// Reads a tree with all that is below it.
    pub(crate) fn read(objects: &ObjectStore, large: &LargeFiles, root: ObjectId) -> io::Result<Self> {
        let mut snapshot = Self::default();
        let mut waiting = vec![(String::new(), root)];
        while let Some((folder, id)) = waiting.pop() {
            let bytes = objects.read_kind(id, ObjectKind::Tree, MAX_TREE_BYTES)?;
            let tree = Tree::parse(&bytes)
                .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("tree {id} is damaged")))?;
            for entry in tree.entries {
                let path = if folder.is_empty() {
                    entry.name
                } else {
                    format!("{folder}/{}", entry.name)
                };
                match entry.mode {
                    EntryMode::Folder => {
                        snapshot.folders.insert(path.clone(), entry.id);
                        waiting.push((path, entry.id));
                    }
                    EntryMode::File => {
                        snapshot
                            .files
                            .insert(path, FileEntry::read(objects, large, entry.id)?);
                    }
                }
            }
        }
        Ok(snapshot)
    }

    /// Writes the trees that hold these files. Gives the root and the files with their folders.
    pub(crate) fn write(
        files: BTreeMap<String, FileEntry>,
        writer: &mut ObjectWriter,
    ) -> io::Result<(ObjectId, Self)> {
        let mut folders = BTreeMap::new();
        // The folders from the root to where the last file went; a folder is written when the walk leaves it.
        let mut open: Vec<(String, Tree)> = vec![(String::new(), Tree::default())];
        for (path, file) in &files {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            while !is_inside(folder, &open[open.len() - 1].0) {
                close_folder(&mut open, &mut folders, writer)?;
            }
            let depth = open[open.len() - 1].0.len();
            let rest = folder[depth..].trim_start_matches('/');
            let mut reached = open[open.len() - 1].0.clone();
            for part in rest.split('/').filter(|part| !part.is_empty()) {
                if !reached.is_empty() {
                    reached.push('/');
                }
                reached.push_str(part);
                open.push((reached.clone(), Tree::default()));
            }
            if let Some((_, tree)) = open.last_mut() {
                tree.entries.push(TreeEntry {
                    name: name.to_owned(),
                    mode: EntryMode::File,
                    id: file.id,
                });
            }
        }
        while open.len() > 1 {
            close_folder(&mut open, &mut folders, writer)?;
        }
        let root = open.pop().map(|(_, tree)| tree).unwrap_or_default();
        let root = writer.write(ObjectKind::Tree, &root.encode())?;
        Ok((root, Self { files, folders }))
    }
}

fn is_inside(folder: &str, outer: &str) -> bool {
    outer.is_empty()
        || folder == outer
        || folder
            .strip_prefix(outer)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn close_folder(
    open: &mut Vec<(String, Tree)>,
    folders: &mut BTreeMap<String, ObjectId>,
    writer: &mut ObjectWriter,
) -> io::Result<()> {
    let Some((path, tree)) = open.pop() else {
        return Ok(());
    };
    let id = writer.write(ObjectKind::Tree, &tree.encode())?;
    let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
    if let Some((_, parent)) = open.last_mut() {
        parent.entries.push(TreeEntry {
            name,
            mode: EntryMode::Folder,
            id,
        });
    }
    folders.insert(path, id);
    Ok(())
}

impl FileEntry {
    /// What a blob of a tree stands for. A pointer counts as one only when its content is here: otherwise it is a
    /// small file that happens to look like one.
    fn read(objects: &ObjectStore, large: &LargeFiles, id: ObjectId) -> io::Result<Self> {
        let (_, length) = objects.header(id)?;
        if length <= LfsPointer::MAX_LENGTH {
            let bytes = objects.read_kind(id, ObjectKind::Blob, LfsPointer::MAX_LENGTH)?;
            if let Some(pointer) = LfsPointer::parse(&bytes).filter(|pointer| large.has(pointer)) {
                return Ok(Self {
                    id,
                    size: pointer.size,
                    lfs: Some(pointer),
                });
            }
        }
        Ok(Self {
            id,
            size: length,
            lfs: None,
        })
    }
}
