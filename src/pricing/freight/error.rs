//! Why a freight template is refused.

crate::refusals! {
    /// Why freight refuses.
    pub enum FreightError: "freight" {
        /// No such template.
        TemplateNotFound => NOT_FOUND "template_not_found" "运费模板不存在" "There is no freight template with this id.",
        /// It was changed since it was read.
        TemplateChanged(details) => CONFLICT "template_changed" "运费模板已被修改，请刷新后重试" "The freight template was changed meanwhile; read it again.",
        /// The name is empty or too long.
        NameOutOfRange => UNPROCESSABLE_ENTITY "name_out_of_range" "模板名称须为1至60字" "A name of 1 to 60 characters is required.",
        /// None or too many tariffs, or not exactly one for everywhere else.
        TariffsIncomplete => UNPROCESSABLE_ENTITY "tariffs_incomplete" "运费规则须有且仅有一条默认规则" "A template needs exactly one tariff for everywhere else and at most one for each province.",
        /// One province in two tariffs.
        ProvinceTwice(details) => UNPROCESSABLE_ENTITY "province_twice" "同一省份只能有一条运费规则" "A province may have one tariff only.",
        /// A number of a tariff is out of range.
        TariffOutOfRange(details) => UNPROCESSABLE_ENTITY "tariff_out_of_range" "运费规则数值超出范围" "A number of a tariff is out of range.",
    }
}
