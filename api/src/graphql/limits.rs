//! What a document may ask for: how deep, how wide, at what cost, and by whom.
//!
//! All of it is known before anything runs: one walk over the document, with the schema beside
//! it. `docs/operations.md` publishes the rules: an object costs 1, a value nothing, a list what
//! its rows cost together, a mutation 10.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_graphql::{
    Request, Response, ServerError, ServerResult, Value, Variables,
    extensions::{
        Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery,
        NextPrepareRequest, NextRequest,
    },
    parser::types::{ExecutableDocument, Field, OperationType, Selection, SelectionSet},
    registry::{MetaTypeName, Registry},
};

use super::{
    error::Code,
    introspection,
    loaders::{Loaders, in_rounds},
    permissions,
    services::Services,
    viewer::Viewer,
};

/// How much a document may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep fields may stand in fields.
    pub depth_max: u32,
    /// What it may cost.
    pub cost_max: u64,
    /// How many fields may stand at its root, aliases counted one by one.
    pub root_fields_max: u32,
    /// How many fields may have an alias.
    pub aliases_max: u32,
    /// How many directives it may hold.
    pub directives_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth_max: 12,
            cost_max: 1_000,
            root_fields_max: 20,
            aliases_max: 30,
            directives_max: 30,
        }
    }
}

/// How many fields are looked at, fragments spread as often as they are named.
const VISITED_MAX: u32 = 10_000;
/// What a mutation costs by itself.
const MUTATION_COST: u64 = 10;
/// How many rows are assumed where a page's size can't be told yet.
const ROWS_UNKNOWN: u64 = 100;
/// How many are assumed of a list without pages whose rows lead on to others.
const ROWS_UNPAGED: u64 = 20;

/// Makes a guard for every request.
pub struct Guards {
    /// How much a document may ask for.
    pub limits: Limits,
}

impl ExtensionFactory for Guards {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Guard {
            limits: self.limits,
            cost: AtomicU64::new(0),
            operation: Mutex::new(None),
        })
    }
}

/// Stands before one request.
struct Guard {
    limits: Limits,
    cost: AtomicU64,
    operation: Mutex<Option<String>>,
}

impl Guard {
    fn remember(&self, operation: Option<&str>) {
        let operation = operation.map(str::to_owned);
        *self.operation.lock().unwrap_or_else(PoisonError::into_inner) = operation;
    }

    fn remembered(&self) -> Option<String> {
        self.operation.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Guard {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let mut response = next.run(ctx).await;
        for error in &mut response.errors {
            let extensions = error.extensions.get_or_insert_default();
            if extensions.get("code").is_none() {
                // What carries no code came from reading or checking the document.
                extensions.set("code", Code::BadUserInput.as_str());
            }
        }
        let cost = async_graphql::value!({
            "requested": self.cost.load(Ordering::Relaxed),
            "maximum": self.limits.cost_max,
        });
        response.extension("cost", cost)
    }

    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        self.remember(request.operation_name.as_deref());
        let viewer = request.data.get(&std::any::TypeId::of::<Viewer>());
        let viewer = viewer.and_then(|it| it.downcast_ref::<Viewer>()).cloned();
        let request = match (viewer, ctx.data_opt::<Services>()) {
            (Some(viewer), Some(services)) => {
                request.data(Arc::new(Loaders::new(services, viewer.tenant)))
            }
            (None, _) | (_, None) => request,
        };
        next.run(ctx, request).await
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        in_rounds(next.run(ctx, operation_name)).await
    }

    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        let operation = self.remembered();
        let walk = Walk {
            limits: &self.limits,
            registry: &ctx.schema_env.registry,
            viewer: ctx.data_opt::<Viewer>(),
            document: &document,
            variables,
            seen: Seen::default(),
        };
        let cost = walk.run(operation.as_deref());
        match cost {
            Ok(cost) => {
                self.cost.store(cost, Ordering::Relaxed);
                Ok(document)
            }
            Err(Denied(code, message)) => {
                let mut error = ServerError::new(message, None);
                error.extensions.get_or_insert_default().set("code", code.as_str());
                Err(error)
            }
        }
    }
}

/// Why a document is not carried out.
#[derive(Debug)]
struct Denied(Code, String);

#[derive(Debug, Default)]
struct Seen {
    visited: u32,
    aliases: u32,
    directives: u32,
    root_fields: u32,
    /// Of introspection.
    lists: u32,
}

struct Walk<'w> {
    limits: &'w Limits,
    registry: &'w Registry,
    viewer: Option<&'w Viewer>,
    document: &'w ExecutableDocument,
    variables: &'w Variables,
    seen: Seen,
}

/// Where the walk stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    type_name: &'p str,
    depth: u32,
    introspects: bool,
    /// How many lists of introspection it stands in.
    lists: u32,
    at_root: bool,
}

impl Walk<'_> {
    /// The cost of the operation that will be carried out.
    fn run(mut self, operation: Option<&str>) -> Result<u64, Denied> {
        let document = self.document;
        let mut total = 0;
        for (name, definition) in document.operations.iter() {
            if operation.is_some_and(|wanted| name.is_none_or(|name| name != wanted)) {
                continue;
            }
            let root = match definition.node.ty {
                OperationType::Query => Some(self.registry.query_type.as_str()),
                OperationType::Mutation => self.registry.mutation_type.as_deref(),
                OperationType::Subscription => self.registry.subscription_type.as_deref(),
            };
            let Some(type_name) = root else { continue };
            self.seen = Seen::default();
            let place = Place { type_name, depth: 0, introspects: false, lists: 0, at_root: true };
            let cost = self.set(&definition.node.selection_set.node, place)?;
            total = total.max(cost);
        }
        if total > self.limits.cost_max {
            let max = self.limits.cost_max;
            let message = format!("the document costs {total}, the limit is {max}");
            return Err(Denied(Code::CostExceeded, message));
        }
        Ok(total)
    }

    fn set(&mut self, set: &SelectionSet, place: Place<'_>) -> Result<u64, Denied> {
        let document = self.document;
        let mut cost: u64 = 0;
        for selection in &set.items {
            self.count_visited()?;
            let more = match &selection.node {
                Selection::Field(field) => self.field(&field.node, place)?,
                Selection::FragmentSpread(spread) => {
                    self.count_directives(spread.node.directives.len())?;
                    let name = &spread.node.fragment_name.node;
                    match document.fragments.get(name) {
                        Some(fragment) => {
                            let on = fragment.node.type_condition.node.on.node.as_str();
                            let set = &fragment.node.selection_set.node;
                            // A fragment that spreads itself ends at the limit of what is visited.
                            self.set(set, narrowed(place, on))?
                        }
                        None => 0,
                    }
                }
                Selection::InlineFragment(inline) => {
                    self.count_directives(inline.node.directives.len())?;
                    let on = inline.node.type_condition.as_ref();
                    let on = on.map_or(place.type_name, |it| it.node.on.node.as_str());
                    self.set(&inline.node.selection_set.node, narrowed(place, on))?
                }
            };
            cost = cost.saturating_add(more);
        }
        Ok(cost)
    }

    fn field(&mut self, field: &Field, place: Place<'_>) -> Result<u64, Denied> {
        let name = field.name.node.as_str();
        self.count_directives(field.directives.len())?;
        if field.alias.is_some() {
            self.seen.aliases += 1;
            within("aliases", self.seen.aliases, self.limits.aliases_max)?;
        }
        if place.at_root {
            self.seen.root_fields += 1;
            within("fields at the root", self.seen.root_fields, self.limits.root_fields_max)?;
            self.permit(place.type_name, name)?;
        }
        let introspects = place.introspects || name == "__schema" || name == "__type";
        let depth = place.depth + 1;
        let depth_max = if introspects { introspection::DEPTH_MAX } else { self.limits.depth_max };
        within("levels", depth, depth_max)?;
        let children = &field.selection_set.node;
        if introspects {
            let list = u32::from(introspection::is_list(name));
            let lists = place.lists + list;
            self.seen.lists += list;
            within("lists of introspection in one another", lists, introspection::NESTED_MAX)?;
            within("lists of introspection", self.seen.lists, introspection::LISTS_MAX)?;
            let below = Place { type_name: "", depth, introspects, lists, at_root: false };
            self.set(children, below)?;
            return Ok(0);
        }
        let registry = self.registry;
        let meta = registry.types.get(place.type_name);
        let Some(meta) = meta.and_then(|it| it.field_by_name(name)) else {
            // An unknown field: the check of the document will say so.
            let below = Place { type_name: "", depth, introspects, lists: 0, at_root: false };
            return self.set(children, below);
        };
        let type_name = MetaTypeName::concrete_typename(&meta.ty);
        let below = Place { type_name, depth, introspects, lists: 0, at_root: false };
        let inner = self.set(children, below)?;
        let own = u64::from(!children.items.is_empty());
        let mutation = place.at_root && registry.mutation_type.as_deref() == Some(place.type_name);
        let rows = if meta.args.contains_key("first") {
            self.rows(field)
        } else if meta.args.contains_key("ids") {
            self.ids(field)
        } else if self.leads_on(place.type_name, &meta.ty) {
            ROWS_UNPAGED
        } else {
            1
        };
        let cost = inner.saturating_add(own).saturating_mul(rows);
        Ok(cost.saturating_add(if mutation { MUTATION_COST } else { 0 }))
    }

    /// Whether a field is a whole list of objects that lead on to others: members of a team, the
    /// teams of an agent. Rows of a page are counted where the page is asked for.
    fn leads_on(&self, parent: &str, of: &str) -> bool {
        let node = self.registry.implements.get(MetaTypeName::concrete_typename(of));
        let node = node.is_some_and(|interfaces| interfaces.contains("Node"));
        node && MetaTypeName::create(of).is_list() && !parent.ends_with("Connection")
    }

    /// What an argument says; none where it is left out, an error where that can't be told yet.
    fn argument(&self, field: &Field, name: &str) -> Option<Result<Value, ()>> {
        let value = field.get_argument(name)?.node.clone();
        let resolve = |variable: async_graphql::Name| -> Result<Value, ()> {
            self.variables.get(&variable).cloned().ok_or(())
        };
        Some(value.into_const_with(resolve))
    }

    /// How many objects are asked for by their ids.
    fn ids(&self, field: &Field) -> u64 {
        match self.argument(field, "ids") {
            Some(Ok(Value::List(ids))) => ids.len() as u64,
            Some(Ok(Value::String(_))) | None => 1,
            Some(_) => ROWS_UNKNOWN,
        }
    }

    /// How many rows a page asks for.
    fn rows(&self, field: &Field) -> u64 {
        let number = |name: &str| match self.argument(field, name)? {
            Ok(Value::Number(number)) => number.as_u64(),
            Ok(Value::Null) => None,
            // A variable with a default, or nonsense: as much as a page can hold.
            Ok(_) | Err(()) => Some(ROWS_UNKNOWN),
        };
        number("first").or_else(|| number("last")).unwrap_or(1).clamp(1, ROWS_UNKNOWN)
    }

    fn permit(&self, type_name: &str, name: &str) -> Result<(), Denied> {
        if name.starts_with("__") {
            return Ok(());
        }
        let Some(viewer) = self.viewer else {
            return Err(Denied(Code::Unauthenticated, "nobody signed in".to_owned()));
        };
        let known = self.registry.types.get(type_name);
        let known = known.is_some_and(|it| it.field_by_name(name).is_some());
        if known && !permissions::may(viewer.role, &format!("{type_name}.{name}")) {
            let message = format!("the role {} may not ask for {name}", viewer.role.as_str());
            return Err(Denied(Code::Forbidden, message));
        }
        Ok(())
    }

    fn count_visited(&mut self) -> Result<(), Denied> {
        self.seen.visited += 1;
        within("fields and fragments", self.seen.visited, VISITED_MAX)
    }

    fn count_directives(&mut self, directives: usize) -> Result<(), Denied> {
        self.seen.directives =
            self.seen.directives.saturating_add(u32::try_from(directives).unwrap_or(u32::MAX));
        within("directives", self.seen.directives, self.limits.directives_max)
    }
}

fn narrowed<'p>(place: Place<'p>, on: &'p str) -> Place<'p> {
    // Introspection has types of its own that the walk does not follow.
    if place.introspects { place } else { Place { type_name: on, ..place } }
}

fn within(what: &str, count: u32, max: u32) -> Result<(), Denied> {
    if count > max {
        return Err(Denied(Code::CostExceeded, format!("the document has more than {max} {what}")));
    }
    Ok(())
}
