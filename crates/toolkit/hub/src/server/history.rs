//! Looking back: the commits of a branch, and which of them changed what.

use super::{
    git::{Commit, ObjectId, ObjectKind, Tree},
    repository::Repository,
    snapshot::MAX_TREE_BYTES,
};
use crate::Revision;
use std::{
    collections::{HashMap, hash_map::Entry},
    io,
};

impl Repository {
    /// The commits up to `from`, newest first, after `skip` of them.
    pub(crate) fn history(
        &self,
        from: Revision,
        skip: usize,
        take: usize,
    ) -> io::Result<Vec<(Revision, Commit)>> {
        let mut found = Vec::new();
        let mut next = Some(from);
        let mut seen = 0;
        while let Some(revision) = next.filter(|_| found.len() < take) {
            let commit = self.read_commit(revision)?;
            next = commit.parents.first().copied().map(Revision::from);
            if seen >= skip {
                found.push((revision, commit));
            }
            seen += 1;
        }
        Ok(found)
    }

    /// For each path that exists at `from`, the newest commit that changed it, looking back at most `depth` commits.
    pub(crate) fn last_changes(
        &self,
        from: Revision,
        paths: &[String],
        depth: usize,
    ) -> io::Result<HashMap<String, (Revision, Commit)>> {
        let mut trees = HashMap::new();
        let mut open: Vec<(&String, Option<ObjectId>)> = Vec::new();
        let mut revision = from;
        let mut commit = self.read_commit(revision)?;
        for path in paths {
            open.push((path, self.entry_at(&mut trees, commit.tree, path)?));
        }
        let mut found = HashMap::new();
        for _ in 0..depth {
            let parent = match commit.parents.first() {
                Some(id) => Some((Revision::from(*id), self.read_commit((*id).into())?)),
                None => None,
            };
            let mut still = Vec::new();
            for (path, id) in open {
                let before = match &parent {
                    Some((_, parent)) => self.entry_at(&mut trees, parent.tree, path)?,
                    None => None,
                };
                if before == id {
                    still.push((path, id));
                } else {
                    found.insert(path.clone(), (revision, commit.clone()));
                }
            }
            open = still;
            match parent.filter(|_| !open.is_empty()) {
                Some(next) => (revision, commit) = next,
                None => break,
            }
        }
        Ok(found)
    }

    fn entry_at(
        &self,
        trees: &mut HashMap<ObjectId, HashMap<String, ObjectId>>,
        root: ObjectId,
        path: &str,
    ) -> io::Result<Option<ObjectId>> {
        let mut id = root;
        for part in path.split('/') {
            let names = match trees.entry(id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => {
                    let tree = match self.objects.read(id, MAX_TREE_BYTES)? {
                        (ObjectKind::Tree, bytes) => Tree::parse(&bytes).unwrap_or_default(),
                        _ => Tree::default(),
                    };
                    free.insert(
                        tree.entries
                            .into_iter()
                            .map(|entry| (entry.name, entry.id))
                            .collect(),
                    )
                }
            };
            match names.get(part) {
                Some(below) => id = *below,
                None => return Ok(None),
            }
        }
        Ok(Some(id))
    }
}
