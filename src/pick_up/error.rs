//! Why stores refuse.

crate::refusals! {
    /// Why stores refuse.
    pub enum PickUpError: "store" {
        /// No such store.
        NotFound => NOT_FOUND "not_found" "门店不存在" "There is no such store.",
        /// It was changed since it was read.
        Changed(details) => CONFLICT "changed" "门店信息已被修改，请刷新后重试" "The store was changed meanwhile; read it again.",
        /// A field is empty, too long, or out of range; details name it.
        InvalidField(details) => UNPROCESSABLE_ENTITY "invalid_field" "填写内容不符合要求" "A field of the store is empty, too long, or out of range.",
        /// More stores than a shop may have.
        TooMany => UNPROCESSABLE_ENTITY "too_many" "门店数量已达上限" "A shop has at most 1000 stores.",
        /// A store may have so many members of staff.
        TooManyStaff => UNPROCESSABLE_ENTITY "too_many_staff" "门店员工数量超出限制" "A store has at most 200 members of staff, each named once.",
        /// Somebody named does not work here.
        StaffNotFound => UNPROCESSABLE_ENTITY "staff_not_found" "员工不存在" "One of these members of staff does not exist.",
    }
}
