//! Where WeChat may send people back to, and the address that sends them there.

use reqwest::Url;
use serde_json::Value;

use super::flaw;
use crate::entrance::Platform;

/// Longest address taken.
const REDIRECT_MAX: usize = 512;
/// Longest share token carried along.
const SHARE_TOKEN_MAX: usize = 64;

/// Where people may be sent back to.
#[derive(Debug, Clone)]
pub struct RedirectRules {
    /// Hosts, or hosts with their port.
    pub hosts: Vec<String>,
    /// Whether addresses without TLS are taken; for development.
    pub without_tls: bool,
}

/// Which of WeChat's pages asks the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OauthScope {
    /// The bare id, without asking.
    Base,
    /// The profile too, which the person agrees to.
    Userinfo,
}

/// The address to come back to, with the share token it arrived by.
///
/// # Errors
/// The details of the refusal.
pub fn check_redirect(text: &str, share_token: Option<&str>, rules: &RedirectRules) -> Result<Url, Value> {
    let refused = |rule: &str| flaw("redirect_uri", rule);
    if text.len() > REDIRECT_MAX {
        return Err(refused("at most 512 characters"));
    }
    let mut url = Url::parse(text).map_err(|_| refused("a whole address"))?;
    if url.scheme() != "https" && !(rules.without_tls && url.scheme() == "http") {
        return Err(refused("an https address"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(refused("no name, password or fragment"));
    }
    let host = url.host_str().unwrap_or_default();
    let place = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    if !rules.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&place)) {
        return Err(refused("a host that the shop has allowed"));
    }
    if let Some(token) = share_token {
        let of_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if token.is_empty() || token.len() > SHARE_TOKEN_MAX || !token.bytes().all(of_token) {
            return Err(flaw("share_token", "1 to 64 letters, digits, hyphens or underscores"));
        }
        url.query_pairs_mut().append_pair("share", token);
    }
    Ok(url)
}

/// The address of WeChat's page that asks a person on `platform` and sends them back; parameters in the order that WeChat
/// wants. `None` for a platform that has no such page, or when `open_url` is no address.
pub fn authorize_address(
    open_url: &str,
    (platform, app_id): (Platform, &str),
    redirect: &Url,
    scope: OauthScope,
    state: &str,
) -> Option<String> {
    let (page, scope) = match (platform, scope) {
        (Platform::WechatService, OauthScope::Base) => ("oauth2/authorize", "snsapi_base"),
        (Platform::WechatService, OauthScope::Userinfo) => ("oauth2/authorize", "snsapi_userinfo"),
        (Platform::WechatWeb, _) => ("qrconnect", "snsapi_login"),
        _ => return None,
    };
    let fields = [
        ("appid", app_id),
        ("redirect_uri", redirect.as_str()),
        ("response_type", "code"),
        ("scope", scope),
        ("state", state),
    ];
    let mut url = Url::parse_with_params(&format!("{open_url}/connect/{page}"), fields).ok()?;
    url.set_fragment(Some("wechat_redirect"));
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> RedirectRules {
        RedirectRules { hosts: vec!["shop.example".to_owned(), "m.shop.example:8443".to_owned()], without_tls: false }
    }

    #[test]
    fn people_come_back_to_allowed_hosts_only() {
        let good = |text: &str| check_redirect(text, None, &rules()).unwrap().to_string();
        assert_eq!(good("https://shop.example/h5?page=1"), "https://shop.example/h5?page=1");
        assert_eq!(good("https://SHOP.example/h5"), "https://shop.example/h5");
        assert_eq!(good("https://m.shop.example:8443/"), "https://m.shop.example:8443/");
        for bad in [
            "http://shop.example/",
            "https://shop.example.evil.example/",
            "https://evil.example/?shop.example",
            "https://shop.example@evil.example/",
            "https://name:secret@shop.example/",
            "https://shop.example:444/",
            "https://m.shop.example/",
            "https://shop.example/#fragment",
            "//shop.example/",
            "javascript:alert(1)",
            "/h5",
            "",
        ] {
            assert!(check_redirect(bad, None, &rules()).is_err(), "{bad}");
        }
        assert!(check_redirect(&format!("https://shop.example/{}", "a".repeat(512)), None, &rules()).is_err());
        let development = RedirectRules { hosts: vec!["127.0.0.1:9000".to_owned()], without_tls: true };
        assert!(check_redirect("http://127.0.0.1:9000/h5", None, &development).is_ok());
        assert!(check_redirect("ftp://127.0.0.1:9000/h5", None, &development).is_err());
    }

    #[test]
    fn a_share_token_comes_back_with_the_person() {
        let url = check_redirect("https://shop.example/h5?id=7", Some("Ab-9_"), &rules()).unwrap();
        assert_eq!(url.as_str(), "https://shop.example/h5?id=7&share=Ab-9_");
        for bad in ["", "a b", "a&b=c", &"a".repeat(65)] {
            assert!(check_redirect("https://shop.example/h5", Some(bad), &rules()).is_err(), "{bad}");
        }
    }

    #[test]
    fn wechat_is_asked_in_the_order_it_wants() {
        let back = check_redirect("https://shop.example/h5?id=7", None, &rules()).unwrap();
        let ask = |platform, scope| authorize_address("https://open.example", (platform, "wx1"), &back, scope, "S");
        let head = "https://open.example/connect/oauth2/authorize?appid=wx1&redirect_uri=https%3A%2F%2Fshop.example%2Fh5%3Fid%3D7";
        assert_eq!(
            ask(Platform::WechatService, OauthScope::Base).unwrap(),
            format!("{head}&response_type=code&scope=snsapi_base&state=S#wechat_redirect")
        );
        assert!(ask(Platform::WechatService, OauthScope::Userinfo).unwrap().contains("scope=snsapi_userinfo"));
        let web = ask(Platform::WechatWeb, OauthScope::Base).unwrap();
        assert!(web.starts_with("https://open.example/connect/qrconnect?") && web.contains("scope=snsapi_login"));
        assert_eq!(ask(Platform::WechatMini, OauthScope::Base), None);
    }
}
