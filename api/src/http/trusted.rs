//! Trusted documents: those that a desk's own programs were built with, asked for by their ids, as
//! the appendix of GraphQL over HTTP on persisted documents has it.

use std::{collections::HashMap, path::PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{nesting, params::BadRequest};
use crate::{causes::of_json, config::Graphql, graphql::viewer::Role};

/// A manifest that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("setting `graphql.documents_file`: {}: {why}", .path.display())]
pub struct TrustedError {
    path: PathBuf,
    why: String,
}

/// The trusted documents.
#[derive(Debug, Default)]
pub struct Trusted {
    /// By the ids that the manifest gives them, and by their hashes.
    documents: HashMap<String, String>,
    /// Whether others are refused.
    only: bool,
}

impl Trusted {
    /// As the settings say.
    ///
    /// # Errors
    ///
    /// The manifest is not there, or is no map from ids to documents.
    pub fn open(settings: &Graphql) -> Result<Self, TrustedError> {
        let path = &settings.documents_file;
        if path.as_os_str().is_empty() {
            return Ok(Self { documents: HashMap::new(), only: settings.documents_only });
        }
        let wrong = |why: String| TrustedError { path: path.clone(), why };
        let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let manifest: HashMap<String, String> = serde_json::from_slice(&text)
            .map_err(|error| wrong(format!("no map from ids to documents: {}", of_json(&error))))?;
        let mut documents = HashMap::with_capacity(2 * manifest.len());
        for (id, document) in manifest {
            let hash = hash_of(&document);
            let wrong = |why: &str| wrong(format!("document `{id}` {why}"));
            if !is_id(&id) || id.starts_with(SHA256) && id != hash {
                return Err(wrong("has an id that no document, or another one, can have"));
            }
            if nesting::is_too_deep(&document) {
                return Err(wrong("is nested too deeply"));
            }
            if let Err(error) = async_graphql::parser::parse_query(&document) {
                return Err(wrong(&format!("does not read: {error}")));
            }
            documents.insert(hash, document.clone());
            documents.insert(id, document);
        }
        Ok(Self { documents, only: settings.documents_only })
    }

    /// Puts the document into the parameters of a request that names it, and refuses one that
    /// brings its own where its sender may not.
    ///
    /// # Errors
    ///
    /// An unknown document, an id beside a document, or a document that is not taken.
    pub fn complete(
        &self,
        parameters: &mut Map<String, Value>,
        role: Role,
    ) -> Result<(), BadRequest> {
        match parameters.remove("documentId") {
            None | Some(Value::Null) if self.only && !writes_their_own(role) => {
                Err(BadRequest::NotTrusted)
            }
            None | Some(Value::Null) => Ok(()),
            Some(Value::String(_)) if parameters.contains_key("query") => {
                Err(BadRequest::Parameter("documentId", "can't stand beside `query`"))
            }
            Some(Value::String(id)) => {
                let document = self.documents.get(&id).ok_or(BadRequest::UnknownDocument)?;
                parameters.insert("query".to_owned(), Value::String(document.clone()));
                Ok(())
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(BadRequest::Parameter("documentId", "must be a string"))
            }
        }
    }
}

/// The prefix of ids that are hashes.
const SHA256: &str = "sha256:";

fn hash_of(document: &str) -> String {
    format!("{SHA256}{}", hex::encode(Sha256::digest(document)))
}

/// Whether a text has the form of an id: one of the program's own, `x-NAME:ID`, or a hash.
fn is_id(id: &str) -> bool {
    let plain = |text: &str| {
        let fits = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_' | '~');
        !text.is_empty() && text.chars().all(fits)
    };
    match id.split_once(':') {
        None => plain(id),
        Some((prefix, rest)) => {
            (prefix == "sha256" || prefix.starts_with("x-")) && plain(prefix) && plain(rest)
        }
    }
}

/// Who may always bring a document: integrations are built by others, and admins look into what
/// nobody has foreseen.
fn writes_their_own(role: Role) -> bool {
    match role {
        Role::Integration | Role::Admin => true,
        Role::Customer | Role::Agent | Role::Supervisor | Role::Analyst | Role::Auditor => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config;

    const WHO: &str = "{ viewer { role } }";

    fn of(manifest: &Value, only: bool) -> Result<Trusted, TrustedError> {
        let folder = tempfile::tempdir().unwrap();
        let documents_file = folder.path().join("manifest.json");
        std::fs::write(&documents_file, manifest.to_string()).unwrap();
        let settings = config::load(&config::Overrides::default(), &[]).unwrap();
        let settings = settings.graphql.clone();
        Trusted::open(&Graphql { documents_file, documents_only: only, ..settings })
    }

    fn completed(trusted: &Trusted, asked: Value, role: Role) -> Result<Value, BadRequest> {
        let Value::Object(mut parameters) = asked else { unreachable!("an object") };
        trusted.complete(&mut parameters, role)?;
        Ok(parameters["query"].clone())
    }

    #[test]
    fn a_document_is_found_by_its_id_and_by_its_hash() {
        let trusted = of(&json!({ "who": WHO, "x-app:7": "{ desk }" }), false).unwrap();
        let ask = |asked: Value| completed(&trusted, asked, Role::Agent);
        assert_eq!(ask(json!({ "documentId": "who" })), Ok(json!(WHO)));
        assert_eq!(ask(json!({ "documentId": "x-app:7" })), Ok(json!("{ desk }")));
        assert_eq!(ask(json!({ "documentId": hash_of(WHO) })), Ok(json!(WHO)));
        assert_eq!(ask(json!({ "query": "{ position }" })), Ok(json!("{ position }")));
        assert_eq!(ask(json!({ "documentId": "other" })), Err(BadRequest::UnknownDocument));
        for wrong in [json!({ "documentId": "who", "query": WHO }), json!({ "documentId": 1 })] {
            let refused = ask(wrong.clone());
            assert!(matches!(refused, Err(BadRequest::Parameter("documentId", _))), "{wrong}");
        }
    }

    #[test]
    fn the_hash_is_the_one_of_the_appendix() {
        let document = "query($id:ID!){user(id:$id){name}}";
        let hash = "sha256:71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b";
        assert_eq!(hash_of(document), hash);
    }

    #[test]
    fn where_only_trusted_ones_are_taken_integrations_and_admins_alone_bring_their_own() {
        let trusted = of(&json!({ "who": WHO }), true).unwrap();
        for role in Role::ALL.iter().copied() {
            let named = completed(&trusted, json!({ "documentId": "who" }), role);
            assert_eq!(named, Ok(json!(WHO)), "{role:?}");
            let own = completed(&trusted, json!({ "query": WHO }), role);
            let may = matches!(role, Role::Integration | Role::Admin);
            assert_eq!(own, if may { Ok(json!(WHO)) } else { Err(BadRequest::NotTrusted) });
        }
    }

    #[test]
    fn a_manifest_that_is_none_is_refused_and_says_which_document_is_wrong() {
        for (wrong, why) in [
            (json!([]), "no map"),
            (json!({ "who": 7 }), "no map"),
            (json!({ "who": "{ viewer" }), "`who` does not read"),
            (json!({ "who:is": WHO }), "`who:is` has an id"),
            (json!({ "": WHO }), "`` has an id"),
            (json!({ "sha256:00": WHO }), "`sha256:00` has an id"),
            (json!({ "deep": "{a".repeat(5_000) }), "`deep` is nested too deeply"),
        ] {
            let refused = of(&wrong, false).unwrap_err().to_string();
            assert!(refused.contains(why), "{wrong}: {refused}");
        }
    }
}
