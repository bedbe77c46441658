//! What a platform tells of a person: a name and a picture, taken as far as a profile may hold them.

use super::{check_avatar, check_nickname};
use crate::identity::model::Provider;

/// Most characters of a told name that are kept.
const NICKNAME_KEPT: usize = 32;
/// The name of somebody from WeChat who has not chosen one.
const OF_WECHAT: &str = "微信用户";
/// The name of anybody else who has not chosen one.
const OF_ELSEWHERE: &str = "新用户";

/// What a person let a platform tell of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldFace {
    /// Their name there.
    pub nickname: Option<String>,
    /// Their picture there.
    pub avatar: Option<String>,
}

/// What of a told name and picture a profile may hold. What it may not is left out, since nobody is refused for it.
pub fn told_face(nickname: Option<&str>, picture: Option<&str>) -> ToldFace {
    let name: Option<String> =
        nickname.map(|name| name.chars().filter(|letter| !letter.is_control()).take(NICKNAME_KEPT).collect());
    // WeChat still writes some addresses without TLS, under which the same pictures are.
    let picture = picture.map(|picture| match picture.strip_prefix("http://") {
        Some(rest) => format!("https://{rest}"),
        None => picture.to_owned(),
    });
    let elsewhere = picture.filter(|picture| picture.starts_with("https://"));
    ToldFace {
        nickname: name.and_then(|name| check_nickname(&name).ok()),
        avatar: elsewhere.and_then(|picture| check_avatar(&picture).ok()),
    }
}

/// The name of somebody who came through this kind of entrance and has not chosen one.
pub const fn usual_nickname(entrance: Provider) -> &'static str {
    match entrance {
        Provider::WechatMini
        | Provider::WechatService
        | Provider::WechatApp
        | Provider::WechatWeb
        | Provider::WechatUnionid => OF_WECHAT,
        Provider::Phone | Provider::AlipayMini | Provider::DouyinMini | Provider::BaiduMini | Provider::QqMini => {
            OF_ELSEWHERE
        }
    }
}

/// Whether a name is that of somebody who has not chosen one.
pub fn is_usual_nickname(nickname: &str) -> bool {
    [OF_WECHAT, OF_ELSEWHERE].contains(&nickname)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_told_face_is_taken_as_far_as_a_profile_may_hold_it() {
        fn face(nickname: &str, picture: &str) -> ToldFace {
            told_face(Some(nickname), Some(picture))
        }
        let good = face(" 小红\n", "http://thirdwx.qlogo.cn/mmopen/1");
        assert_eq!(good.nickname.as_deref(), Some("小红"));
        assert_eq!(good.avatar.as_deref(), Some("https://thirdwx.qlogo.cn/mmopen/1"));
        assert_eq!(face(&"字".repeat(40), "/files/a.png").nickname, Some("字".repeat(32)));
        assert_eq!(face("", "/files/a.png"), ToldFace::default(), "a path here is nothing that WeChat can know");
        assert_eq!(face("\u{7}", "javascript:alert(1)"), ToldFace::default());
        assert_eq!(told_face(None, None), ToldFace::default());
    }

    #[test]
    fn somebody_without_a_name_has_the_usual_one() {
        assert!(is_usual_nickname(usual_nickname(Provider::WechatService)));
        assert!(is_usual_nickname(usual_nickname(Provider::AlipayMini)));
        assert!(!is_usual_nickname("小红"));
    }
}
