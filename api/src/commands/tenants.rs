//! Which tenant is meant; one that is not there is never made by the way.

use std::fmt::Write;

use allhours_domain::ids::TenantId;
use allhours_eventstore::{
    database::{Database, DatabaseError},
    operator,
};

use super::Failure;
use crate::{demo, tenant::tenant_id};

/// How many tenants are named to choose from.
const NAMED_MAX: u16 = 20;

/// The tenant of this name or id.
///
/// # Errors
///
/// There is none; the error names those that there are, and how another one is made.
pub(super) async fn existing(database: &Database, word: &str) -> Result<TenantId, Failure> {
    match missing(database, word).await? {
        None => Ok(tenant_id(word)),
        Some(text) => Err(Failure::Failed(text.into())),
    }
}

/// What to say where there is no tenant of this name or id; none where there is one.
///
/// # Errors
///
/// The database cannot be asked.
pub(super) async fn missing(
    database: &Database,
    word: &str,
) -> Result<Option<String>, DatabaseError> {
    if operator::has_desk(database, tenant_id(word)).await? {
        return Ok(None);
    }
    none(database, word).await.map(Some)
}

async fn none(database: &Database, word: &str) -> Result<String, DatabaseError> {
    let desks = operator::desks(database, NAMED_MAX).await?;
    let mut text = format!("there is no tenant `{word}` here");
    match desks.as_slice() {
        [] => text.push_str(", nor any other"),
        desks => {
            let named: Vec<String> = desks
                .iter()
                .map(|desk| {
                    let by_name = desk.tenant == tenant_id(demo::TENANT);
                    let id = desk.tenant.to_string();
                    format!("`{}` ({})", if by_name { demo::TENANT } else { &id }, desk.name)
                })
                .collect();
            let more = if desks.len() == usize::from(NAMED_MAX) { ", ..." } else { "" };
            write!(text, "; there are: {}{more}", named.join(", ")).ok();
        }
    }
    if word == demo::TENANT {
        text.push_str(". `allhours demo` or `allhours serve --demo` makes it");
    } else {
        write!(
            text,
            ". A new one is made by the mutation `deskOpen`, with a token of \
             `allhours token --tenant {word} --role admin`"
        )
        .ok();
    }
    Ok(text)
}
