-- What a validator knows. Hotkeys are SS58 text, hashes hexadecimal text, blocks and counts integers; lists and
-- verdicts with reasons are JSON text.

-- Every round that was opened. At most one is neither done nor dropped.
CREATE TABLE rounds (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    netuid       INTEGER NOT NULL,
    competition  TEXT    NOT NULL,
    closed_block INTEGER NOT NULL,
    closed_hash  TEXT    NOT NULL,
    seed         TEXT    NOT NULL,
    recipe       TEXT    NOT NULL,
    held_out     TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('open', 'scored', 'done', 'dropped')),
    note         TEXT,
    attempts     INTEGER,         -- attempts to set weights before this round's first; NULL before that
    UNIQUE (netuid, competition, closed_block, recipe, held_out)
) STRICT;

-- What was found at a commit of a repository under a recipe's rules. A commit never changes, so neither does this.
CREATE TABLE datasets (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    repo        TEXT    NOT NULL,
    commit_hash TEXT    NOT NULL,
    recipe      TEXT    NOT NULL,
    fault       TEXT,            -- NULL: it passed every check, and the columns below are filled
    bytes       INTEGER,
    row_count   INTEGER,
    tokens      INTEGER,
    digest      TEXT,
    row_set     BLOB,            -- 16 bytes a distinct row, ascending
    UNIQUE (repo, commit_hash, recipe),
    CHECK (fault IS NOT NULL OR (bytes IS NOT NULL AND row_count IS NOT NULL AND tokens IS NOT NULL
           AND digest IS NOT NULL AND row_set IS NOT NULL))
) STRICT;

-- One finished training and measuring. The key is everything its loss depends on: nothing is ever done twice.
CREATE TABLE evaluations (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    dataset     INTEGER NOT NULL REFERENCES datasets (id),
    seed        TEXT    NOT NULL,
    held_out    TEXT    NOT NULL,
    loss        REAL,            -- NULL: training diverged, which is a verdict and not a gap
    row_losses  BLOB    NOT NULL, -- one little-endian f64 a held-out row
    seconds     REAL    NOT NULL,
    finished_at INTEGER NOT NULL, -- seconds since 1970
    UNIQUE (dataset, seed, held_out)
) STRICT;

-- Every neuron of the subnet as the round found it.
CREATE TABLE entrants (
    round      INTEGER NOT NULL REFERENCES rounds (id),
    hotkey     TEXT    NOT NULL,
    uid        INTEGER NOT NULL,
    registered INTEGER NOT NULL,
    commitment TEXT,             -- JSON; NULL where there is none that can be read
    committed  INTEGER,          -- block of the commitment
    outcome    TEXT,             -- JSON; NULL while it is still to be assayed
    begun      INTEGER NOT NULL DEFAULT 0, -- jobs begun
    ended      INTEGER NOT NULL DEFAULT 0, -- jobs ended; fewer when the process died during one
    faults     INTEGER NOT NULL DEFAULT 0, -- jobs that failed through a fault of ours
    dataset    INTEGER REFERENCES datasets (id),
    evaluation INTEGER REFERENCES evaluations (id),
    copy_of    TEXT,             -- hotkey whose dataset it is, when it was recognised by its rows
    PRIMARY KEY (round, hotkey)
) STRICT, WITHOUT ROWID;

CREATE INDEX entrants_by_hotkey ON entrants (hotkey, round);

-- The result of a round.
CREATE TABLE scores (
    round    INTEGER NOT NULL REFERENCES rounds (id),
    hotkey   TEXT    NOT NULL,
    uid      INTEGER NOT NULL,
    standing TEXT    NOT NULL,   -- JSON
    repo     TEXT,
    row_count INTEGER,
    share    REAL    NOT NULL,
    weight   REAL    NOT NULL,
    PRIMARY KEY (round, hotkey)
) STRICT, WITHOUT ROWID;
