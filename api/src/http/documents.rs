//! Documents as they were read: clients send the same few over and over, and to read one takes
//! longer than to copy it.

use std::sync::Arc;

use async_graphql::{
    Name, Request,
    parser::types::{DocumentOperations, ExecutableDocument, OperationType},
};
use quick_cache::{Weighter, sync::Cache};

/// How much text of documents is kept.
const KEPT_BYTES_MAX: u64 = 1024 * 1024;
/// The longest document that is kept.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024;
/// How many documents are expected.
const DOCUMENTS: usize = 1_000;

#[derive(Debug, Clone)]
struct ByLength;

impl Weighter<String, Arc<ExecutableDocument>> for ByLength {
    fn weight(&self, text: &String, _: &Arc<ExecutableDocument>) -> u64 {
        text.len().max(1) as u64
    }
}

/// A bounded memory of documents that could be read. Whether one may be carried out is looked at
/// anew each time: that depends on who asks, and with which variables.
#[derive(Debug)]
pub struct Documents(Cache<String, Arc<ExecutableDocument>, ByLength>);

impl Default for Documents {
    fn default() -> Self {
        Self(Cache::with_weighter(DOCUMENTS, KEPT_BYTES_MAX, ByLength))
    }
}

impl Documents {
    /// Reads the document of a request. Answers which kind of operation it asks for; `None`
    /// where that can't be told, because the document does not parse or names no such operation.
    /// Execution will say what is wrong.
    pub fn read(&self, request: &mut Request) -> Option<OperationType> {
        if let Some(known) = self.0.get(request.query.as_str()) {
            request.set_parsed_query(ExecutableDocument::clone(&known));
        } else {
            let document = request.parsed_query().ok()?.clone();
            if request.query.len() <= DOCUMENT_BYTES_MAX {
                self.0.insert(request.query.clone(), Arc::new(document));
            }
        }
        let wanted = request.operation_name.clone();
        operation_of(request.parsed_query().ok()?, wanted.as_deref())
    }
}

fn operation_of(document: &ExecutableDocument, wanted: Option<&str>) -> Option<OperationType> {
    let operation = match (&document.operations, wanted) {
        (DocumentOperations::Single(operation), None) => operation,
        (DocumentOperations::Multiple(_), None) => return None,
        (operations, Some(wanted)) => {
            let named = |name: Option<&Name>| name.is_some_and(|it| it == wanted);
            operations.iter().find(|(name, _)| named(*name)).map(|(_, operation)| operation)?
        }
    };
    Some(operation.node.ty)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "query Read { position } mutation Write { conversationClaim }";

    #[test]
    fn a_document_that_comes_again_is_not_read_again_and_means_the_same() {
        let documents = Documents::default();
        for _ in 0..3 {
            let mut request = Request::new("{ position }");
            assert_eq!(documents.read(&mut request), Some(OperationType::Query));
            let mut request = Request::new(TWO).operation_name("Write");
            assert_eq!(documents.read(&mut request), Some(OperationType::Mutation));
            let mut request = Request::new(TWO).operation_name("Nothing");
            assert_eq!(documents.read(&mut request), None);
            assert_eq!(documents.read(&mut Request::new("{ position")), None);
        }
        assert_eq!(documents.0.len(), 2);
        assert!(documents.0.peek(TWO).is_some());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let documents = Documents::default();
        for number in 0..3_000 {
            let text = format!("{{ position }} # {number} {}", "-".repeat(1_000));
            documents.read(&mut Request::new(text));
        }
        assert!(documents.0.weight() <= KEPT_BYTES_MAX, "{}", documents.0.weight());
        let long = format!("{{ position }} # {}", "-".repeat(DOCUMENT_BYTES_MAX));
        documents.read(&mut Request::new(long.clone()));
        assert!(documents.0.peek(long.as_str()).is_none());
    }
}
