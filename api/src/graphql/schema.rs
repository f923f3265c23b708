//! The schema behind its limits: what carries out documents.
//!
//! No extension of the library's: where there is one, it looks up the type of every field of
//! every answer for it.

use std::{fmt, sync::Arc};

use async_graphql::{
    Data, Executor, OutputType, Pos, Request, Response, SubscriptionType,
    parser::types::{ExecutableDocument, OperationType},
    registry::Registry,
};
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};

use super::{
    Resolvers,
    cost::written::Priced,
    error::Code,
    limits::{Asked, Limits, of_request, under_way::UnderWay},
    loaders::{Loaders, in_rounds},
    mutation::Mutation,
    query::Query,
    services::Services,
    subscription::Subscription,
    viewer::Viewer,
};

/// Carries out documents that keep within their limits, in the name of the [`Viewer`] that is in
/// the request's data.
#[derive(Clone)]
pub struct Schema {
    resolvers: Resolvers,
    types: Arc<Registry>,
    services: Services,
    limits: Limits,
    under_way: UnderWay,
}

impl fmt::Debug for Schema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Schema").finish_non_exhaustive()
    }
}

impl Schema {
    /// The schema on these services.
    #[must_use]
    pub fn new(services: Services, limits: Limits) -> Self {
        let mut builder = super::unbound().data(services.clone());
        if !limits.introspection {
            builder = builder.disable_introspection().disable_suggestions();
        }
        let (resolvers, types) = (builder.finish(), Arc::new(types()));
        let under_way = UnderWay::new(limits.cost_under_way_max);
        Self { resolvers, types, services, limits, under_way }
    }

    /// Carries out a query or mutation.
    pub async fn execute(&self, request: impl Into<Request> + Send) -> Response {
        let mut request = self.prepared(request.into());
        let mut asked = Asked::of(&request, self.limits);
        let viewer = of_request::<Viewer>(&request).cloned();
        let response = match asked.admit(&mut request, &self.types) {
            Ok(()) => match refusal(&self.services, viewer.as_ref()).await {
                Some(refusal) => refusal,
                None => match self.under_way.begin(viewer.as_ref(), asked.requested()).await {
                    Ok(_part) => in_rounds(self.resolvers.execute(request)).await,
                    Err(denied) => Response::from_errors(vec![denied.into()]),
                },
            },
            Err(denied) => Response::from_errors(vec![denied]),
        };
        asked.settle(coded(response))
    }

    /// Carries out a subscription, or any other document as a stream of one answer.
    pub fn execute_stream(&self, request: impl Into<Request>) -> BoxStream<'static, Response> {
        let mut request = request.into();
        if !may_subscribe(&mut request) {
            let schema = self.clone();
            return stream::once(async move { schema.execute(request).await }).boxed();
        }
        let mut request = self.prepared(request);
        let mut asked = Asked::of(&request, self.limits);
        if let Err(denied) = asked.admit(&mut request, &self.types) {
            let response = asked.settle(coded(Response::from_errors(vec![denied])));
            return stream::once(async { response }).boxed();
        }
        let viewer = of_request::<Viewer>(&request).cloned();
        let services = self.services.clone();
        let frames = self.resolvers.execute_stream(request);
        let frames = self.under_way.frames(viewer.clone(), asked.requested(), frames);
        let order = asked.into_order();
        let in_order = move |mut frame: Response| {
            order.arrange(&mut frame.data);
            frame
        };
        let frames = frames.map(in_order).boxed();
        // Whoever leaves meanwhile gets no further frame; whoever has left, none at all. What could
        // not be read ends it: to go on with what comes next would leave a gap.
        let next = move |frames: Option<BoxStream<'static, Response>>| {
            let (services, viewer) = (services.clone(), viewer.clone());
            async move {
                let mut frames = frames?;
                if let Some(refusal) = refusal(&services, viewer.as_ref()).await {
                    return Some((coded(refusal), None));
                }
                let frame = in_rounds(frames.next()).await?;
                if let Some(refusal) = refusal(&services, viewer.as_ref()).await {
                    return Some((coded(refusal), None));
                }
                let rest = frame.errors.is_empty().then_some(frames);
                Some((coded(frame), rest))
            }
        };
        stream::unfold(Some(frames), next).boxed()
    }

    /// With what the resolvers of one request share.
    fn prepared(&self, request: Request) -> Request {
        match of_request::<Viewer>(&request).map(|viewer| viewer.tenant) {
            Some(tenant) => request.data(Arc::new(Loaders::new(&self.services, tenant))),
            None => request,
        }
    }
}

#[async_graphql::async_trait::async_trait]
impl Executor for Schema {
    async fn execute(&self, request: Request) -> Response {
        Self::execute(self, request).await
    }

    fn execute_stream(
        &self,
        request: Request,
        _: Option<Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        Self::execute_stream(self, request)
    }
}

/// Whether a document may be a subscription; what does not read is refused as one.
fn may_subscribe(request: &mut Request) -> bool {
    let subscribes = |document: &ExecutableDocument| {
        let mut operations = document.operations.iter();
        operations.any(|(_, operation)| operation.node.ty == OperationType::Subscription)
    };
    request.parsed_query().map_or(true, subscribes)
}

/// All types of the schema.
fn types() -> Registry {
    let mut types = Registry {
        query_type: Query::type_name().into_owned(),
        mutation_type: Some(Mutation::type_name().into_owned()),
        subscription_type: Some(Subscription::type_name().into_owned()),
        ..Registry::default()
    };
    Query::create_type_info(&mut types);
    Mutation::create_type_info(&mut types);
    Priced::<Subscription>::create_type_info(&mut types);
    types
}

/// What is answered to somebody who does not work here any more.
async fn refusal(services: &Services, viewer: Option<&Viewer>) -> Option<Response> {
    let refused = services.admit(viewer?).await.err()?;
    let mut refused = refused.into_server_error(Pos::default());
    // It is about nothing in the document.
    refused.locations.clear();
    Some(Response::from_errors(vec![refused]))
}

/// What carries no code came from reading or checking the document.
fn coded(mut response: Response) -> Response {
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", Code::BadUserInput.as_str());
        }
    }
    response
}
