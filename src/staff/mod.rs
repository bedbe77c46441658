//! stub
pub mod permission;
pub mod audit {
    //! stub
    use crate::platform::db::{DbResult, Tx};
    /// stub
    pub struct AuditEntry<'a> {
        pub staff_id: crate::kernel::id::StaffId,
        pub action: &'a str,
        pub subject_kind: &'a str,
        pub subject_id: Option<i64>,
        pub reason: Option<&'a str>,
        pub before: Option<serde_json::Value>,
        pub after: Option<serde_json::Value>,
        pub origin: &'a crate::platform::http::Origin,
    }
    /// stub
    pub fn record(_tx: &mut Tx<'_>, _e: &AuditEntry<'_>) -> DbResult<()> {
        Ok(())
    }
}
