//! The endpoints in the document, written from the list of analyses.

use serde_json::json;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, Content, OpenApi, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{IntoParams as _, ToSchema};

use super::answering::{AskQuery, FigurePeople, PeopleQuery};
use super::questions::{Called, Question, Visitor, every};
use crate::analytics::rules::MAX_TITLE;
use crate::platform::http::Permission;
use crate::staff::permission::{AnalyticsPeople, AnalyticsRead};

/// The endpoints for staff.
#[derive(Clone, Copy, Debug)]
pub struct ReportApi;

impl utoipa::OpenApi for ReportApi {
    fn openapi() -> OpenApi {
        let mut document = Document(OpenApi::default());
        document.know::<FigurePeople>();
        every(&mut document);
        document.0
    }
}

struct Document(OpenApi);

impl Document {
    /// Adds a schema and those it refers to; answers a reference to it.
    fn know<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let name = T::name().into_owned();
        let mut schemas = vec![(name.clone(), T::schema())];
        T::schemas(&mut schemas);
        self.0.components.get_or_insert_with(Components::new).schemas.extend(schemas);
        RefOr::Ref(Ref::from_schema_name(name))
    }
}

impl Visitor for Document {
    fn visit<A: Question>(&mut self, called: Called) {
        let (question, answer, figure) = (self.know::<A>(), self.know::<A::Answer>(), self.know::<A::Figure>());
        let people = RefOr::Ref(Ref::from_schema_name(FigurePeople::name()));
        let ask = operation::<AnalyticsRead>([called.ask, called.title], question.clone(), answer, true)
            .description(Some("With `format=csv` the answer is a table for spreadsheets."))
            .parameters(Some(AskQuery::into_params(|| None)));
        let keep_as = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .min_length(Some(1))
            .max_length(Some(MAX_TITLE))
            .description(Some("Keep these persons as a fixed segment of this name."));
        let body = ObjectBuilder::new()
            .property("question", question)
            .property("figure", figure)
            .property("keep_as", keep_as)
            .required("question")
            .required("figure")
            .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)))
            .build();
        let name = format!("{}Of", A::Figure::name());
        self.0.components.get_or_insert_with(Components::new).schemas.insert(name.clone(), Schema::Object(body).into());
        let title = format!("Who is behind a figure: {}", called.title.to_lowercase());
        let list =
            operation::<AnalyticsPeople>([called.people, &title], Ref::from_schema_name(name).into(), people, false)
                .description(Some(
                    "The first thousand who logged in, and how many there are; with `keep_as` all are kept.",
                ))
                .parameters(Some(PeopleQuery::into_params(|| None)));
        let paths =
            [(format!("/analytics/{}", called.path), ask), (format!("/analytics/{}/people", called.path), list)];
        for (path, operation) in paths {
            self.0.paths.paths.insert(path, PathItem::new(HttpMethod::Post, operation.build()));
        }
    }
}

fn operation<P: Permission>(
    [id, title]: [&str; 2],
    body: RefOr<Schema>,
    answer: RefOr<Schema>,
    tabular: bool,
) -> OperationBuilder {
    let json = "application/json";
    let body = RequestBodyBuilder::new().content(json, Content::new(Some(body))).required(Some(Required::True)).build();
    let answer = ResponseBuilder::new().description("The answer.").content(json, Content::new(Some(answer)));
    let table = Content::new(Some(ObjectBuilder::new().schema_type(Type::String)));
    let answer = if tabular { answer.content("text/csv", table) } else { answer }.build();
    let permission = [("x-permission", json!(P::NAME))];
    OperationBuilder::new()
        .tag("analytics")
        .operation_id(Some(id))
        .summary(Some(title))
        .security(SecurityRequirement::new("staff", Vec::<String>::new()))
        .extensions(Some(permission.into_iter().collect()))
        .request_body(Some(body))
        .response("200", answer)
}
