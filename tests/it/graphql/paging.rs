//! Pages: whichever way a list is walked, and in whatever steps, it is the same list.

use serde_json::{Value, json};

use super::served::{Served, admin};

const TENANT: u128 = 1;
/// The lists of the read tables.
const ROOTS: &[&str] =
    &["conversations", "queue", "agents", "teams", "customers", "articles", "intakes"];

/// A list: what stands before it, its name, what stands behind it, and where it is in the answer.
struct List {
    before: String,
    field: &'static str,
    /// What is asked of every page beside its place.
    filter: &'static str,
    behind: &'static str,
    at: String,
}

impl List {
    fn root(field: &'static str) -> Self {
        Self { before: String::new(), field, filter: "", behind: "", at: format!("/{field}") }
    }

    fn below(parent: &str, id: &Value, field: &'static str) -> Self {
        let before = format!("{parent}(id: {id}) {{ ");
        Self { before, field, filter: "", behind: " }", at: format!("/{parent}/{field}") }
    }

    /// The cursors of a page, and whether there is one before and one behind it.
    async fn page(&self, served: &Served, arguments: &str) -> (Vec<String>, bool, bool) {
        let Self { before, field, filter, behind, at } = self;
        let document = format!(
            "{{ {before}{field}({arguments}{filter}) {{ edges {{ cursor }} pageInfo {{ hasPreviousPage \
             hasNextPage startCursor endCursor }} }}{behind} }}"
        );
        let data = served.data(&admin(TENANT), &document, json!({})).await;
        let page = data.pointer(at).expect("the list");
        let edges = page["edges"].as_array().expect("edges").iter();
        let cursors: Vec<String> =
            edges.map(|it| it["cursor"].as_str().expect("a cursor").to_owned()).collect();
        let info = &page["pageInfo"];
        assert_eq!(info["startCursor"].as_str(), cursors.first().map(String::as_str));
        assert_eq!(info["endCursor"].as_str(), cursors.last().map(String::as_str));
        let says = |name: &str| info[name].as_bool().expect("yes or no");
        (cursors, says("hasPreviousPage"), says("hasNextPage"))
    }
}

/// Numbers from 1 to `most` in no order; the same every time.
fn steps(seed: u64, most: u64) -> impl Iterator<Item = u64> {
    let next = |it: &u64| {
        Some(it.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    };
    std::iter::successors(Some(seed), next).skip(1).map(move |it| 1 + (it >> 33) % most)
}

async fn desk(served: &Served) -> Vec<List> {
    let boss = admin(TENANT);
    let mut last = json!(null);
    for number in 0..23 {
        // Two messages of each customer.
        let from = format!("a{}@b.c", number / 2);
        last = served.message(TENANT, &from, &format!("m{number}"), "Hello").await;
        let thread = json!({ "conversationId": last["conversationId"], "priority":
            (["LOW", "NORMAL", "HIGH", "URGENT"][number % 4]) });
        served.granted(&boss, "conversationSetPriority", "conversation { id }", thread).await;
    }
    for number in 0..7 {
        served.agent(TENANT, 30 + number).await;
        let team = json!({ "name": format!("Team {number}") });
        served.granted(&boss, "teamCreate", "team { id }", team).await;
        for locale in ["en", "de"] {
            let draft = json!({ "locale": locale, "title": format!("{number}"), "body": "text" });
            served.granted(&boss, "articleDraft", "article { id }", draft).await;
        }
    }
    let head = served.data(&boss, "{ position }", json!({})).await["position"].clone();
    let wait = "query($p: Position!) { viewer(minPosition: $p) { role } }";
    served.data(&boss, wait, json!({ "p": head })).await;
    let mut lists: Vec<List> = ROOTS.iter().copied().map(List::root).collect();
    lists.push(List::root("events"));
    lists.push(List { filter: ", status: PARSED", ..List::root("intakes") });
    lists.push(List::below("conversation", &last["conversationId"], "timeline"));
    lists.push(List::below("customer", &last["customerId"], "conversations"));
    lists
}

#[tokio::test(flavor = "multi_thread")]
async fn walked_forwards_or_backwards_in_any_steps_a_list_is_the_same() {
    let served = Served::new().await;
    for (number, list) in (1..).zip(desk(&served).await) {
        let field = list.field;
        let (whole, before, behind) = list.page(&served, "first: 100").await;
        if field != "events" {
            assert_eq!((before, behind), (false, false), "{field}");
        }
        let whole = if behind { walk(&list, &served, steps(7, 100)).await } else { whole };
        assert!(!whole.is_empty(), "{field}");
        for most in [1, 5, 40] {
            // One by one is slow where there are hundreds.
            let most = if whole.len() > 60 { most.max(20) } else { most };
            assert_eq!(walk(&list, &served, steps(number, most)).await, whole, "{field}");
            assert_eq!(walk_back(&list, &served, steps(number, most)).await, whole, "{field}");
        }
        if let [first, .., last] = whole.as_slice() {
            let between = format!("after: {first:?}, before: {last:?}");
            let inner = &whole[1..whole.len() - 1];
            let head = &inner[..inner.len().min(3)];
            let (found, ..) = list.page(&served, &format!("first: 3, {between}")).await;
            assert_eq!(found, head, "{field}");
            let tail = &inner[inner.len() - inner.len().min(3)..];
            let (found, ..) = list.page(&served, &format!("last: 3, {between}")).await;
            assert_eq!(found, tail, "{field}");
        }
    }
}

async fn walk(list: &List, served: &Served, steps: impl Iterator<Item = u64>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for step in steps {
        let after = seen.last().map(|it| format!(", after: {it:?}")).unwrap_or_default();
        let (page, before, behind) = list.page(served, &format!("first: {step}{after}")).await;
        assert_eq!(before, !seen.is_empty(), "{}", list.field);
        seen.extend(page);
        if !behind {
            break;
        }
    }
    seen
}

async fn walk_back(list: &List, served: &Served, steps: impl Iterator<Item = u64>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for step in steps {
        let to = seen.first().map(|it| format!(", before: {it:?}")).unwrap_or_default();
        let (page, before, behind) = list.page(served, &format!("last: {step}{to}")).await;
        assert_eq!(behind, !seen.is_empty(), "{}", list.field);
        seen.splice(0..0, page);
        if !before {
            break;
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_needs_first_or_last_within_bounds_and_a_cursor_of_its_own_list() {
    let served = Served::new().await;
    served.message(TENANT, "a@b.c", "m1", "Hello").await;
    let (cursors, ..) = List::root("events").page(&served, "first: 1").await;
    let foreign = format!("first: 1, after: {:?}", cursors[0]);
    for field in ROOTS {
        for arguments in ["first: 0", "first: 101", "last: -1", "first: 1, last: 1", &foreign] {
            let document = format!("{{ {field}({arguments}) {{ pageInfo {{ hasNextPage }} }} }}");
            let answer = served.answer(&admin(TENANT), &document, json!({})).await;
            let code = &answer["errors"][0]["extensions"]["code"];
            assert_eq!(code, "BAD_USER_INPUT", "{document}: {answer}");
        }
        let document = format!("{{ {field} {{ pageInfo {{ hasNextPage }} }} }}");
        let answer = served.answer(&admin(TENANT), &document, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_stands_as_it_was_asked_for_and_takes_cursors_of_its_own_list_alone() {
    let served = Served::new().await;
    served.message(1, "a@b.c", "m1", "Hello").await;
    let document = "{ z: desk { name language: defaultLanguage } conversations(first: 1) \
        { edges { cursor node { status messageCount id } } } position b: desk { name } }";
    for _ in 0..6 {
        let request = async_graphql::Request::new(document).data(admin(1));
        let answer = served.schema.execute(request).await.data.to_string();
        let asked = ["z", "name", "language", "conversations", "edges", "cursor", "node", "status"];
        let asked = asked.iter().chain(&["messageCount", "id", "position", "b"]);
        let places: Vec<_> = asked.map(|key| answer.find(&format!("{key}: "))).collect();
        assert!(places.is_sorted() && places[0].is_some(), "{answer}");
    }
    let answer = served.data(&admin(1), document, json!({})).await;
    let cursor = &answer["conversations"]["edges"][0]["cursor"];
    for list in ["customers", "agents", "intakes", "teams", "events"] {
        let document = format!(
            "query($after: String) {{ {list}(first: 1, after: $after) {{ nodes {{ id }} }} }}"
        );
        let answer = served.answer(&admin(1), &document, json!({ "after": cursor })).await;
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "BAD_USER_INPUT", "{list}: {answer}");
    }
}
