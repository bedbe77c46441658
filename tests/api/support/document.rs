//! What the service says about itself, read as a client would read it.

use serde_json::{Map, Value};

use super::Shop;

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// In capitals.
    pub method: String,
    /// With `{names}` in it.
    pub path: String,
    /// All that is written about it.
    pub written: Value,
}

/// The whole document.
pub struct Document {
    /// As it was answered.
    pub whole: Value,
    /// Every operation.
    pub operations: Vec<Operation>,
}

impl Document {
    /// Asks the shop.
    pub async fn of(shop: &Shop) -> Self {
        let (status, whole) = shop.call("GET", "/openapi.json", None, None).await;
        assert_eq!(status, 200);
        let paths = whole["paths"].as_object().cloned().unwrap_or_default();
        let operations = paths.into_iter().flat_map(|(path, item)| {
            let methods = item.as_object().cloned().unwrap_or_default();
            methods.into_iter().map(move |(method, written)| Operation {
                id: written["operationId"].as_str().unwrap_or_default().to_owned(),
                method: method.to_ascii_uppercase(),
                path: path.clone(),
                written,
            })
        });
        let operations = operations.collect();
        Self { whole, operations }
    }

    /// The operation that this request reaches.
    pub fn reached(&self, method: &str, path: &str) -> Option<&Operation> {
        let parts: Vec<&str> = path.split('?').next().unwrap_or_default().split('/').collect();
        let fixed = |operation: &&Operation| operation.path.split('/').filter(|part| !part.starts_with('{')).count();
        let fits = |operation: &&Operation| {
            let wanted: Vec<&str> = operation.path.split('/').collect();
            let same = |(wanted, part): (&&str, &&str)| wanted.starts_with('{') || wanted == part;
            operation.method == method && wanted.len() == parts.len() && wanted.iter().zip(&parts).all(same)
        };
        self.operations.iter().filter(fits).max_by_key(fixed)
    }

    /// What a reference leads to; anything else is itself.
    pub fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
            Some(path) => self.resolved(self.whole.pointer(path).unwrap_or(&Value::Null)),
            None => schema,
        }
    }
}

impl Operation {
    /// The names of its security schemes; none when it is open to everybody.
    pub fn schemes(&self) -> Vec<&str> {
        let all = self.written["security"].as_array().into_iter().flatten();
        all.filter_map(Value::as_object).flat_map(Map::keys).map(String::as_str).collect()
    }

    /// Whether it may be asked by nobody.
    pub fn is_open(&self) -> bool {
        let all = self.written["security"].as_array();
        all.is_none_or(|all| all.iter().any(|one| one.as_object().is_some_and(Map::is_empty)))
    }

    /// The example of its JSON body.
    pub fn body(&self) -> Option<Value> {
        self.json_medium().map(|medium| medium["example"].clone())
    }

    /// The schema of its JSON body.
    pub fn body_schema(&self) -> Option<&Value> {
        self.json_medium().map(|medium| &medium["schema"])
    }

    fn json_medium(&self) -> Option<&Value> {
        self.written.pointer("/requestBody/content/application~1json")
    }

    /// Its parameters in that place.
    pub fn parameters<'a>(&'a self, place: &'a str) -> impl Iterator<Item = &'a Value> {
        let all = self.written["parameters"].as_array().into_iter().flatten();
        all.filter(move |parameter| parameter["in"] == place)
    }

    /// Its path with this in the place of every name.
    pub fn path_with(&self, id: &str) -> String {
        let part = |part: &str| if part.starts_with('{') { id.to_owned() } else { part.to_owned() };
        self.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// Whether it asks for a key under which it may be repeated.
    pub fn takes_key(&self) -> bool {
        self.parameters("header").any(|parameter| parameter["name"] == "Idempotency-Key")
    }
}
