//! Why payment refuses.

use crate::refusals;

refusals! {
    /// Why payment refuses.
    pub enum PaymentError: "payment" {
        /// The order has no payment, or is somebody else's.
        NotFound => NOT_FOUND "not_found" "支付单不存在" "There is no such payment.",
        /// It is paid, closed, or costs nothing; the details name the state.
        NotOpen(details) => CONFLICT "not_open" "该订单当前无法支付" "This order cannot be paid now.",
        /// The deadline has passed.
        Expired => CONFLICT "expired" "支付已超时" "The time to pay is over.",
        /// Every attempt allowed was used.
        TooManyAttempts => CONFLICT "too_many_attempts" "支付尝试次数过多，请重新下单" "There were too many attempts; place a new order.",
        /// No provider can do this kind of payment.
        TradeTypeUnavailable => UNPROCESSABLE_ENTITY "trade_type_unavailable" "暂不支持该支付方式" "This way of paying is not available.",
        /// The shopper has not logged in through the application that is to be paid in.
        PayerUnknown => UNPROCESSABLE_ENTITY "payer_unknown" "请先使用微信登录" "Log in through WeChat first.",
        /// The provider said no; a new request begins a new attempt. The details hold its code.
        ProviderRefused(details) => CONFLICT "provider_refused" "支付渠道拒绝了请求，请重试" "The payment provider refused; try again.",
        /// The provider did not answer; the same request continues the same attempt.
        ProviderUnavailable => SERVICE_UNAVAILABLE "provider_unavailable" "支付渠道繁忙，请稍后重试" "The payment provider does not answer; try again.",
        /// Nothing was paid that could be given back.
        NotPaid => CONFLICT "not_paid" "该订单没有可退款的支付" "There is no payment to give back.",
        /// A refund must be above zero.
        RefundAmount => UNPROCESSABLE_ENTITY "refund_amount" "退款金额必须大于零" "The amount to give back must be above zero.",
        /// More would be given back than was paid; the details hold both.
        RefundExceedsPaid(details) => CONFLICT "refund_exceeds_paid" "退款总额超过支付金额" "More would be given back than was paid.",
        /// The provider allows 50 refunds for one payment.
        TooManyRefunds => CONFLICT "too_many_refunds" "该支付的退款次数已达上限" "This payment was refunded too many times.",
        /// There is no such refund.
        RefundNotFound => NOT_FOUND "refund_not_found" "退款单不存在" "There is no such refund.",
        /// Only refunds that went wrong are tried again.
        RefundNotRetryable(details) => CONFLICT "refund_not_retryable" "该退款当前无需重试" "This refund cannot be tried again now.",
        /// There is no such case.
        ReviewNotFound => NOT_FOUND "review_not_found" "待核查记录不存在" "There is no such case.",
        /// Somebody dealt with it before.
        ReviewResolved => CONFLICT "review_resolved" "该记录已处理" "This case was dealt with before.",
        /// A reason of 1 to 500 characters is needed.
        ReasonInvalid => UNPROCESSABLE_ENTITY "reason_invalid" "请填写 1 至 500 字的原因" "A reason of 1 to 500 characters is required.",
    }
}
