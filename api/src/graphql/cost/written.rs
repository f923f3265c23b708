//! The costs as they stand in the schema's own text: `@cost` and `@listSize`, by the names and
//! arguments of the GraphQL cost directives specification.

use std::pin::Pin;

use async_graphql::{
    Context, Response, SubscriptionType, Value,
    indexmap::IndexMap,
    registry::{
        __DirectiveLocation, Deprecation, MetaDirective, MetaDirectiveInvocation, MetaField,
        MetaInputValue, MetaType, MetaTypeName, Registry,
    },
};
use futures_util::Stream;

use super::{MUTATION, PAGE_ROWS_MAX, Rows};

/// The subscription type, which is registered last: once all types are there, each field gets
/// what it costs written beside it.
#[derive(Debug, Default)]
pub struct Priced<S>(pub S);

impl<S: SubscriptionType> SubscriptionType for Priced<S> {
    fn type_name() -> std::borrow::Cow<'static, str> {
        S::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = S::create_type_info(registry);
        declare(registry);
        price(registry);
        name
    }

    fn create_field_stream<'a>(
        &'a self,
        ctx: &'a Context<'_>,
    ) -> Option<Pin<Box<dyn Stream<Item = Response> + Send + 'a>>> {
        self.0.create_field_stream(ctx)
    }
}

fn declare(registry: &mut Registry) {
    let directive = |name: &str, description: &str, args: Vec<MetaInputValue>| MetaDirective {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        locations: vec![__DirectiveLocation::FIELD_DEFINITION],
        args: args.into_iter().map(|it| (it.name.clone(), it)).collect(),
        is_repeatable: false,
        visible: None,
        composable: None,
    };
    let weight =
        argument("weight", "String!", "How much; where nothing is said, an object costs 1.");
    registry.add_directive(directive("cost", "What a field costs by itself.", vec![weight]));
    let arguments = vec![
        argument("assumedSize", "Int", "How many rows are assumed."),
        argument("slicingArguments", "[String!]", "The arguments that say how many rows."),
        argument("sizedFields", "[String!]", "The fields below that hold these rows."),
        MetaInputValue {
            default_value: Some("true".to_owned()),
            ..argument(
                "requireOneSlicingArgument",
                "Boolean",
                "Whether exactly one of the arguments must be given.",
            )
        },
    ];
    let description = "How many rows a list has; what is asked of a row costs as often.";
    registry.add_directive(directive("listSize", description, arguments));
}

fn argument(name: &str, ty: &str, description: &str) -> MetaInputValue {
    MetaInputValue {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        ty: ty.to_owned(),
        deprecation: Deprecation::NoDeprecated,
        default_value: None,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        is_secret: false,
        directive_invocations: Vec::new(),
    }
}

/// Writes beside each field what it costs, where that is not the 1 of an object.
fn price(registry: &mut Registry) {
    let mut types = std::mem::take(&mut registry.types);
    for (name, kind) in &mut types {
        let (MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }) = kind else {
            continue;
        };
        let mutations = registry.mutation_type.as_ref() == Some(name);
        for field in fields.values_mut() {
            let cost = mutations.then(|| cost(1 + MUTATION));
            let written = cost.into_iter().chain(list_size(registry, name, field)).collect();
            field.directive_invocations = written;
        }
    }
    registry.types = types;
}

fn cost(weight: u64) -> MetaDirectiveInvocation {
    let args = IndexMap::from_iter([("weight".to_owned(), Value::from(weight.to_string()))]);
    MetaDirectiveInvocation { name: "cost".to_owned(), args }
}

fn list_size(
    registry: &Registry,
    parent: &str,
    field: &MetaField,
) -> Option<MetaDirectiveInvocation> {
    let assumed = |rows: u64| vec![("assumedSize".to_owned(), Value::from(rows))];
    let args = match Rows::of(registry, parent, field) {
        Rows::One => return None,
        Rows::Page => page(field),
        Rows::Ids => assumed(PAGE_ROWS_MAX),
        Rows::Assumed(rows) => assumed(rows),
    };
    let args = args.into_iter().collect();
    Some(MetaDirectiveInvocation { name: "listSize".to_owned(), args })
}

/// Exactly one of `first` and `last` says how many rows a page has.
fn page(field: &MetaField) -> Vec<(String, Value)> {
    let names = |names: &[&str]| Value::List(names.iter().map(|name| Value::from(*name)).collect());
    let is_connection = MetaTypeName::concrete_typename(&field.ty).ends_with("Connection");
    let rows: &[&str] = if is_connection { &["edges", "nodes"] } else { &["hits"] };
    let both = field.args.contains_key("last");
    let arguments: &[&str] = if both { &["first", "last"] } else { &["first"] };
    vec![("slicingArguments".to_owned(), names(arguments)), ("sizedFields".to_owned(), names(rows))]
}
