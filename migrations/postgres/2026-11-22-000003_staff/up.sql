CREATE TABLE staff_accounts (
    id BIGINT PRIMARY KEY NOT NULL,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    sealed_totp TEXT,
    -- A secret that waits for its first code, and the time step of the last code accepted: each code works once.
    pending_totp TEXT,
    totp_step BIGINT,
    state TEXT NOT NULL CONSTRAINT staff_accounts_state_known CHECK (state IN ('active', 'disabled')),
    failed_logins BIGINT NOT NULL CONSTRAINT staff_accounts_failures_counted CHECK (failed_logins >= 0),
    locked_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX staff_accounts_username ON staff_accounts (username);

CREATE TABLE staff_roles (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    built_in BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX staff_roles_name ON staff_roles (name);

CREATE TABLE staff_role_permissions (
    role_id BIGINT NOT NULL REFERENCES staff_roles (id),
    permission TEXT NOT NULL,
    PRIMARY KEY (role_id, permission)
);

CREATE TABLE staff_account_roles (
    staff_id BIGINT NOT NULL REFERENCES staff_accounts (id),
    role_id BIGINT NOT NULL REFERENCES staff_roles (id),
    PRIMARY KEY (staff_id, role_id)
);
CREATE INDEX staff_account_roles_role ON staff_account_roles (role_id);

CREATE TABLE staff_sessions (
    id BIGINT PRIMARY KEY NOT NULL,
    staff_id BIGINT NOT NULL REFERENCES staff_accounts (id),
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revoke_reason TEXT
);
CREATE INDEX staff_sessions_staff ON staff_sessions (staff_id);
CREATE INDEX staff_sessions_revoked ON staff_sessions (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE staff_refresh_tokens (
    token_hash TEXT PRIMARY KEY NOT NULL,
    session_id BIGINT NOT NULL REFERENCES staff_sessions (id),
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    rotated_at BIGINT
);
CREATE INDEX staff_refresh_tokens_session ON staff_refresh_tokens (session_id);
CREATE INDEX staff_refresh_tokens_expires ON staff_refresh_tokens (expires_at);

-- Who did what, to what, from where: append only.
CREATE TABLE audit_entries (
    id BIGINT PRIMARY KEY NOT NULL,
    staff_id BIGINT NOT NULL REFERENCES staff_accounts (id),
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BIGINT,
    reason TEXT,
    before TEXT,
    after TEXT,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX audit_entries_staff ON audit_entries (staff_id, id);
CREATE INDEX audit_entries_subject ON audit_entries (subject_kind, subject_id, id);

-- An action above a limit waits for a second person.
CREATE TABLE staff_approvals (
    id BIGINT PRIMARY KEY NOT NULL,
    action TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT staff_approvals_state_known CHECK (state IN ('waiting', 'approved', 'rejected')),
    requested_by BIGINT NOT NULL REFERENCES staff_accounts (id),
    decided_by BIGINT REFERENCES staff_accounts (id),
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    decided_at BIGINT,
    CONSTRAINT staff_approvals_two_people CHECK (decided_by IS NULL OR decided_by <> requested_by)
);
CREATE INDEX staff_approvals_requested ON staff_approvals (requested_by);
CREATE INDEX staff_approvals_decided ON staff_approvals (decided_by);
CREATE UNIQUE INDEX staff_approvals_one_waiting ON staff_approvals (action, subject_id) WHERE state = 'waiting';
