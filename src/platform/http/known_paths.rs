//! Which paths there are and what may be asked of each, for the answers to requests that no handler takes.
//!
//! Routes are matched by path and method together, so a wrong method on a right path finds nothing, or finds a handler
//! that takes the path's last word for an id. The OpenAPI document knows every path; this is its index.

use std::collections::BTreeSet;

use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, web};
use serde_json::Value;

use super::error::{ApiError, RequestError};

/// Every path of the OpenAPI document with its methods.
#[derive(Debug)]
pub struct KnownPaths(Vec<KnownPath>);

#[derive(Debug)]
struct KnownPath {
    segments: Vec<Segment>,
    methods: BTreeSet<String>,
}

#[derive(Debug)]
enum Segment {
    Fixed(String),
    Any,
}

impl KnownPaths {
    /// The index of `document`.
    pub fn of(document: &Value) -> Self {
        let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
        let known = paths.map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.to_ascii_uppercase());
            KnownPath { segments: path.split('/').map(segment).collect(), methods: methods.collect() }
        });
        Self(known.collect())
    }

    /// What may be asked of `path`; empty when there is nothing there. Of several shapes that fit, the one that spells
    /// out most counts, as OpenAPI matches paths; and of those that spell out as much, which OpenAPI leaves open, the one
    /// that does so further to the left.
    pub fn methods(&self, path: &str) -> BTreeSet<&str> {
        let parts: Vec<&str> = path.split('/').collect();
        let fitting = self.0.iter().filter(|known| known.fits(&parts));
        let closest = fitting.max_by_key(|known| known.spelt_out());
        closest.into_iter().flat_map(|known| known.methods.iter().map(String::as_str)).collect()
    }
}

impl KnownPath {
    fn fits(&self, parts: &[&str]) -> bool {
        self.segments.len() == parts.len()
            && self.segments.iter().zip(parts).all(|(segment, part)| match segment {
                Segment::Fixed(text) => text == part,
                Segment::Any => !part.is_empty(),
            })
    }

    /// How much it spells out, and where: what is further to the left weighs more.
    fn spelt_out(&self) -> (usize, Vec<bool>) {
        let fixed: Vec<bool> = self.segments.iter().map(|segment| matches!(segment, Segment::Fixed(_))).collect();
        (fixed.iter().filter(|fixed| **fixed).count(), fixed)
    }
}

fn segment(text: &str) -> Segment {
    if text.starts_with('{') { Segment::Any } else { Segment::Fixed(text.to_owned()) }
}

/// Answers what no route takes: 405 where the path exists but not with this method, 404 otherwise.
pub async fn answer_unknown(request: HttpRequest) -> HttpResponse {
    untaken(&request)
}

/// The answer to a request that no handler takes.
pub(super) fn untaken(request: &HttpRequest) -> HttpResponse {
    let known = request.app_data::<web::Data<KnownPaths>>();
    let methods = known.map(|known| known.methods(request.path())).unwrap_or_default();
    if methods.is_empty() || methods.contains(request.method().as_str()) {
        return ApiError::new(RequestError::NOT_FOUND).error_response();
    }
    let mut answer = ApiError::new(RequestError::METHOD_NOT_ALLOWED).error_response();
    let allowed = methods.into_iter().collect::<Vec<_>>().join(", ");
    if let Ok(value) = HeaderValue::from_str(&allowed) {
        answer.headers_mut().insert(ALLOW, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_with_the_methods_of_the_closest_shape_that_fits_it() {
        let document = serde_json::json!({"paths": {
            "/orders": {"get": {}, "post": {}},
            "/orders/{id}": {"get": {}},
            "/orders/export": {"post": {}},
            "/{shelf}/{id}/lines": {"put": {}},
            "/orders/{id}/{part}": {"delete": {}},
        }});
        let known = KnownPaths::of(&document);
        assert_eq!(known.methods("/orders"), BTreeSet::from(["GET", "POST"]));
        assert_eq!(known.methods("/orders/7"), BTreeSet::from(["GET"]));
        assert_eq!(known.methods("/orders/export"), BTreeSet::from(["POST"]));
        assert_eq!(known.methods("/orders/7/lines"), BTreeSet::from(["DELETE"]), "the one that is plain earlier");
        assert_eq!(known.methods("/carts/7/lines"), BTreeSet::from(["PUT"]));
        for nothing in ["/", "/orders/", "/carts/7/notes", "/order"] {
            assert!(known.methods(nothing).is_empty(), "{nothing}");
        }
    }
}
