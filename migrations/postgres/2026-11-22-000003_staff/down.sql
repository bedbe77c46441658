DROP TABLE staff_approvals;
DROP TABLE audit_entries;
DROP TABLE staff_refresh_tokens;
DROP TABLE staff_sessions;
DROP TABLE staff_account_roles;
DROP TABLE staff_role_permissions;
DROP TABLE staff_roles;
DROP TABLE staff_accounts;
