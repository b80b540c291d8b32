// The schema of the embedded store as numbered steps forward. A released step is never edited: what changes is a new step at the end.

/** Applied in order, all that are due in one transaction; the last version applied is the version of the file. */
export interface Migration {
  readonly version: number;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    sql: `
      CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        root TEXT NOT NULL,
        parent TEXT REFERENCES runs (id),
        depth INTEGER NOT NULL,
        agent TEXT NOT NULL,
        fleet TEXT,
        workflow TEXT,
        person TEXT NOT NULL,
        workspace TEXT NOT NULL,
        command TEXT NOT NULL,
        level TEXT NOT NULL,
        token_hash TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        reason TEXT,
        started_at INTEGER NOT NULL,
        ended_at INTEGER,
        cost INTEGER NOT NULL DEFAULT 0,
        steps INTEGER NOT NULL DEFAULT 0,
        refusals INTEGER NOT NULL DEFAULT 0,
        open_gates INTEGER NOT NULL DEFAULT 0 CHECK (open_gates >= 0),
        events INTEGER NOT NULL DEFAULT 0,
        head_hash TEXT,
        head_at INTEGER NOT NULL DEFAULT 0
      ) STRICT;
      CREATE INDEX runs_by_root ON runs (root);
      CREATE INDEX runs_by_start ON runs (started_at, id);
      CREATE INDEX runs_by_workspace ON runs (workspace, started_at, id);
      CREATE INDEX runs_unfinished ON runs (started_at) WHERE ended_at IS NULL;

      CREATE TABLE events (
        run TEXT NOT NULL REFERENCES runs (id),
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        hash TEXT NOT NULL,
        PRIMARY KEY (run, seq)
      ) STRICT;

      CREATE TABLE calls (
        run TEXT NOT NULL REFERENCES runs (id),
        key TEXT NOT NULL,
        node TEXT NOT NULL,
        event TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('held', 'running', 'done', 'refused', 'in-doubt')),
        policy_version TEXT NOT NULL,
        answer TEXT,
        after_answer TEXT,
        hold TEXT,
        outcome TEXT,
        provider TEXT,
        mark TEXT,
        at INTEGER NOT NULL,
        PRIMARY KEY (run, key)
      ) STRICT;
      CREATE INDEX calls_by_node ON calls (node);
      CREATE INDEX calls_open ON calls (run) WHERE state IN ('held', 'running');
      CREATE INDEX calls_marked ON calls (run, at) WHERE mark IS NOT NULL;

      CREATE TABLE gates (
        id TEXT PRIMARY KEY,
        run TEXT NOT NULL REFERENCES runs (id),
        node TEXT NOT NULL,
        key TEXT NOT NULL,
        policy TEXT NOT NULL,
        message TEXT NOT NULL,
        terms TEXT NOT NULL,
        opened_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        content_hash TEXT NOT NULL,
        policy_version TEXT NOT NULL,
        details TEXT,
        round INTEGER NOT NULL DEFAULT 1,
        decision TEXT CHECK (decision IN ('approved', 'rejected', 'expired-allow', 'expired-block', 'withdrawn')),
        decided_by TEXT,
        decided_at INTEGER,
        reason TEXT,
        UNIQUE (run, key, policy, content_hash)
      ) STRICT;
      CREATE INDEX gates_open ON gates (expires_at) WHERE decision IS NULL;

      CREATE TABLE votes (
        gate TEXT NOT NULL REFERENCES gates (id),
        round INTEGER NOT NULL,
        person TEXT NOT NULL,
        decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
        reason TEXT,
        at INTEGER NOT NULL,
        PRIMARY KEY (gate, round, person, decision)
      ) STRICT;

      CREATE TABLE balances (
        account TEXT NOT NULL,
        unit TEXT NOT NULL,
        cap INTEGER CHECK (cap >= 0),
        reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
        spent INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0),
        overrun INTEGER NOT NULL DEFAULT 0 CHECK (overrun >= 0),
        PRIMARY KEY (account, unit)
      ) STRICT;
      CREATE TABLE frozen_accounts (account TEXT PRIMARY KEY) STRICT;

      CREATE TABLE holds (
        hold TEXT PRIMARY KEY,
        accounts TEXT NOT NULL,
        amounts TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        sent INTEGER NOT NULL DEFAULT 0 CHECK (sent IN (0, 1)),
        state TEXT NOT NULL CHECK (state IN ('pending', 'spent', 'void'))
      ) STRICT;
      CREATE INDEX holds_pending ON holds (expires_at, hold) WHERE state = 'pending';

      CREATE TABLE transitions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('limit', 'freeze', 'thaw', 'reserve', 'sent', 'settle', 'release', 'expire')),
        hold TEXT,
        accounts TEXT NOT NULL,
        amounts TEXT NOT NULL,
        waived TEXT
      ) STRICT;
      CREATE TRIGGER transitions_keep BEFORE DELETE ON transitions BEGIN SELECT RAISE (ABORT, 'a transition of the ledger is never removed'); END;
      CREATE TRIGGER transitions_stand BEFORE UPDATE ON transitions BEGIN SELECT RAISE (ABORT, 'a transition of the ledger is never changed'); END;
    `,
  },
  {
    version: 2,
    sql: `
      ALTER TABLE runs ADD COLUMN stop TEXT;
      CREATE INDEX calls_running_tools ON calls (run) WHERE state = 'running' AND kind = 'tool';
    `,
  },
  {
    version: 3,
    sql: `
      ALTER TABLE runs ADD COLUMN keep_until INTEGER;
      ALTER TABLE runs ADD COLUMN purged_at INTEGER;
      CREATE INDEX runs_to_keep ON runs (keep_until) WHERE purged_at IS NULL;
    `,
  },
  {
    version: 4,
    sql: `
      CREATE TABLE policy_texts (hash TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
      CREATE TABLE policy_versions (
        workspace TEXT NOT NULL,
        number INTEGER NOT NULL,
        version TEXT NOT NULL,
        at INTEGER NOT NULL,
        person TEXT NOT NULL,
        how TEXT NOT NULL CHECK (how IN ('start', 'file', 'api', 'activate', 'rollback', 'shadow')),
        parent TEXT,
        stands_for INTEGER NOT NULL,
        note TEXT,
        files TEXT NOT NULL,
        PRIMARY KEY (workspace, number)
      ) STRICT;
      CREATE INDEX policy_versions_by_hash ON policy_versions (workspace, version, number);
      CREATE TRIGGER policy_versions_keep BEFORE DELETE ON policy_versions BEGIN SELECT RAISE (ABORT, 'a policy version is never removed'); END;
      CREATE TRIGGER policy_versions_stand BEFORE UPDATE ON policy_versions BEGIN SELECT RAISE (ABORT, 'a policy version is never changed'); END;
      CREATE TABLE policy_writes (workspace TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    `,
  },
  {
    version: 5,
    sql: `
      CREATE TABLE starts (
        kind TEXT NOT NULL,
        at INTEGER NOT NULL,
        node TEXT NOT NULL,
        run TEXT NOT NULL REFERENCES runs (id),
        name TEXT NOT NULL,
        PRIMARY KEY (kind, at, node)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX starts_by_run ON starts (run, kind, at);
      INSERT OR IGNORE INTO starts (kind, at, node, run, name) SELECT kind, at, node, run, name FROM calls WHERE state IN ('running', 'done', 'in-doubt');
    `,
  },
  {
    version: 6,
    sql: `
      ALTER TABLE runs ADD COLUMN context TEXT;
      CREATE TABLE incidents (
        at INTEGER NOT NULL,
        node TEXT NOT NULL,
        event TEXT NOT NULL,
        policy TEXT NOT NULL,
        disposition TEXT NOT NULL,
        run TEXT NOT NULL REFERENCES runs (id),
        PRIMARY KEY (at, node, event, policy)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX incidents_by_run ON incidents (run, at);
      CREATE TABLE memory_items (
        workspace TEXT NOT NULL,
        session TEXT NOT NULL,
        item TEXT NOT NULL,
        kind TEXT NOT NULL,
        run TEXT NOT NULL REFERENCES runs (id),
        written_at INTEGER NOT NULL,
        purged_at INTEGER,
        PRIMARY KEY (workspace, session, item)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX memory_items_by_time ON memory_items (written_at) WHERE purged_at IS NULL;
    `,
  },
  {
    version: 7,
    sql: `
      CREATE TABLE recorded_calls (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL REFERENCES runs (id),
        node TEXT NOT NULL,
        event TEXT NOT NULL,
        at INTEGER NOT NULL,
        policy_version TEXT NOT NULL,
        disposition TEXT NOT NULL,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX recorded_calls_by_run ON recorded_calls (run, number);
      CREATE TRIGGER recorded_calls_stand BEFORE UPDATE ON recorded_calls BEGIN SELECT RAISE (ABORT, 'a recorded call is never changed'); END;
    `,
  },
  {
    version: 8,
    sql: `
      CREATE TABLE alerts (
        id TEXT PRIMARY KEY,
        workspace TEXT NOT NULL,
        policy TEXT NOT NULL,
        about TEXT NOT NULL,
        agent TEXT NOT NULL,
        at INTEGER NOT NULL,
        quiet_until INTEGER NOT NULL,
        suppressed INTEGER NOT NULL DEFAULT 0,
        url TEXT NOT NULL,
        headers TEXT NOT NULL,
        secret_env TEXT,
        body TEXT NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        next_at INTEGER,
        outcome TEXT
      ) STRICT;
      CREATE INDEX alerts_due ON alerts (next_at) WHERE next_at IS NOT NULL;
      CREATE INDEX alerts_quiet ON alerts (workspace, policy, about, agent, at);
    `,
  },
];
