//! One walk over a document, with the schema beside it: what it asks for, before anything runs.

use async_graphql::{
    Positioned, Value,
    parser::types::{
        ExecutableDocument, Field, OperationType, Selection, SelectionSet, VariableDefinition,
    },
    registry::{MetaTypeName, Registry},
};

use super::{Denied, Limits, given::Given, inputs};
use crate::graphql::{
    NESTING_MAX,
    cost::{self, Estimate, Rows},
    error::Code,
    introspection, permissions,
    viewer::Viewer,
};

/// How many fields are looked at, fragments spread as often as they are named.
const VISITED_MAX: u32 = 10_000;

#[derive(Debug, Default)]
struct Seen {
    visited: u32,
    aliases: u32,
    directives: u32,
    root_fields: u32,
    /// Of introspection.
    lists: u32,
    /// For what the answer will cost.
    estimate: Estimate,
}

pub(super) struct Walk<'w> {
    limits: &'w Limits,
    registry: &'w Registry,
    viewer: Option<&'w Viewer>,
    document: &'w ExecutableDocument,
    given: &'w Given,
    /// The variables of the operation that is walked over.
    declared: &'w [Positioned<VariableDefinition>],
    seen: Seen,
}

/// Where the walk stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    type_name: &'p str,
    depth: u32,
    /// How many sets of fields it stands in.
    nesting: usize,
    introspects: bool,
    /// How many lists of introspection it stands in.
    lists: u32,
    at_root: bool,
}

impl<'p> Place<'p> {
    fn root(type_name: &'p str) -> Self {
        Self { type_name, depth: 0, nesting: 0, introspects: false, lists: 0, at_root: true }
    }
}

impl<'w> Walk<'w> {
    /// Over a document that comes with these variables, in somebody's name.
    pub fn new(
        limits: &'w Limits,
        registry: &'w Registry,
        viewer: Option<&'w Viewer>,
        document: &'w ExecutableDocument,
        given: &'w Given,
    ) -> Self {
        let (declared, seen): (&[_], _) = (&[], Seen::default());
        Self { limits, registry, viewer, document, given, declared, seen }
    }

    /// What the operation that will be carried out costs.
    pub fn run(mut self, operation: Option<&str>) -> Result<Estimate, Denied> {
        let document = self.document;
        let mut most = Estimate::default();
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
            self.declared = &definition.node.variable_definitions;
            let place = Place::root(type_name);
            let requested = self.set(&definition.node.selection_set.node, place)?;
            if definition.node.ty == OperationType::Subscription && self.seen.root_fields > 1 {
                let message = "a subscription has one field at its root".to_owned();
                return Err(Denied(Code::BadUserInput, message));
            }
            if requested >= most.requested {
                most = Estimate { requested, ..std::mem::take(&mut self.seen.estimate) };
            }
        }
        Ok(most)
    }

    fn set(&mut self, set: &SelectionSet, place: Place<'_>) -> Result<u64, Denied> {
        let document = self.document;
        let place = Place { nesting: place.nesting + 1, ..place };
        if place.nesting > NESTING_MAX {
            let message = format!("the document nests deeper than {NESTING_MAX} levels");
            return Err(Denied(Code::BadUserInput, message));
        }
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
        }
        self.permit(place, name)?;
        let introspects = place.introspects || name == "__schema" || name == "__type";
        if introspects && !self.limits.introspection {
            return Err(Denied(Code::Forbidden, "introspection is off here".to_owned()));
        }
        let depth = place.depth + 1;
        let depth_max = if introspects { introspection::DEPTH_MAX } else { self.limits.depth_max };
        within("levels", depth, depth_max)?;
        let children = &field.selection_set.node;
        let inside = Place { at_root: false, ..place };
        if introspects {
            let list = u32::from(introspection::is_list(name));
            let lists = place.lists + list;
            self.seen.lists += list;
            within("lists of introspection in one another", lists, introspection::NESTED_MAX)?;
            within("lists of introspection", self.seen.lists, introspection::LISTS_MAX)?;
            self.set(children, Place { type_name: "", depth, introspects, lists, ..inside })?;
            return Ok(0);
        }
        let registry = self.registry;
        let meta = registry.types.get(place.type_name);
        let Some(meta) = meta.and_then(|it| it.field_by_name(name)) else {
            // An unknown field: the check of the document will say so.
            return self.set(children, Place { type_name: "", depth, ..inside });
        };
        for (name, argument) in &meta.args {
            let Some(value) = field.get_argument(name) else { continue };
            let place = inputs::Place::of(argument);
            inputs::may_stand(registry, self.declared, place, &value.node, name)?;
            if let Some(Ok(value)) = self.given.value(&value.node) {
                inputs::fits(registry, &argument.ty, &value, name)?;
            }
        }
        let type_name = MetaTypeName::concrete_typename(&meta.ty);
        let inner = self.set(children, Place { type_name, depth, ..inside })?;
        let own = u64::from(!children.items.is_empty());
        let mutation = place.at_root && registry.mutation_type.as_deref() == Some(place.type_name);
        if type_name == "JSON" {
            self.seen.estimate.values.push(field.response_key().node.clone());
        }
        self.seen.estimate.mutations += u64::from(mutation);
        let rows = match Rows::of(registry, place.type_name, meta) {
            Rows::One => 1,
            Rows::Page => self.rows(field),
            Rows::Ids => self.ids(field),
            Rows::Assumed(rows) => rows,
        };
        let cost = inner.saturating_add(own).saturating_mul(rows);
        Ok(cost.saturating_add(if mutation { cost::MUTATION } else { 0 }))
    }

    /// What an argument says; none where it is left out, an error where it names a variable that
    /// nobody declared.
    fn argument(&self, field: &Field, name: &str) -> Option<Result<Value, ()>> {
        self.given.value(&field.get_argument(name)?.node)
    }

    /// How many objects are asked for by their ids.
    fn ids(&self, field: &Field) -> u64 {
        match self.argument(field, "ids") {
            Some(Ok(Value::List(ids))) => ids.len() as u64,
            Some(Ok(Value::String(_))) | None => 1,
            Some(_) => cost::PAGE_ROWS_MAX,
        }
    }

    /// How many rows a page asks for.
    fn rows(&self, field: &Field) -> u64 {
        let number = |name: &str| match self.argument(field, name)? {
            Ok(Value::Number(number)) => number.as_u64(),
            Ok(Value::Null) => None,
            // Nonsense, which the check of the document refuses: as much as a page can hold.
            Ok(_) | Err(()) => Some(cost::PAGE_ROWS_MAX),
        };
        let rows = number("first").or_else(|| number("last")).unwrap_or(1);
        rows.clamp(1, cost::PAGE_ROWS_MAX)
    }

    fn permit(&self, place: Place<'_>, name: &str) -> Result<(), Denied> {
        let Place { type_name, at_root, .. } = place;
        if name.starts_with("__") || (!at_root && permissions::is_open(type_name, name)) {
            return Ok(());
        }
        let Some(viewer) = self.viewer else {
            return Err(Denied(Code::Unauthenticated, "nobody signed in".to_owned()));
        };
        // The check of the document will say which fields there are not.
        let known = self.registry.types.get(type_name);
        let known = known.is_none_or(|it| it.field_by_name(name).is_some());
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
