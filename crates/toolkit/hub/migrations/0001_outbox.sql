-- A change to one file of one branch, waiting for its commit or past it.
CREATE TABLE change (
    ticket  INTEGER PRIMARY KEY AUTOINCREMENT,
    repo    TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    branch  TEXT    NOT NULL,
    path    TEXT    NOT NULL,
    -- Name of the content in the spool; none for a removal.
    sha256  TEXT,
    size    INTEGER NOT NULL,
    message TEXT    NOT NULL,
    state   TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    -- The commit of a delivered change, the reason of a failed one.
    outcome TEXT,
    -- The commit it is about to be part of.
    batch   INTEGER REFERENCES batch (id) ON DELETE SET NULL
);

CREATE INDEX change_waiting ON change (state, repo, kind, branch, ticket);

-- A commit that is being made. It keeps its changes and its key until the hub has it or refuses it.
CREATE TABLE batch (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Written into the commit's message, by which a later look finds out that it was made.
    key        TEXT    NOT NULL UNIQUE,
    repo       TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    branch     TEXT    NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    -- Milliseconds since 1970 before which it is not tried again.
    not_before INTEGER NOT NULL DEFAULT 0
);

-- The hub asked for silence until then, whatever the repository. One row at most.
CREATE TABLE pause (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    until      INTEGER NOT NULL
);
