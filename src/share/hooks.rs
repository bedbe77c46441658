//! What sharing does when somebody logs in, and the sources of subjects that nobody above owns.

use super::model::SubjectKind;
use super::service;
use super::subject::{SubjectCard, SubjectSource};
use crate::catalog;
use crate::identity::LoginListener;
use crate::kernel::id::{DeviceId, UserId};
use crate::platform::db::{DbResult, Tx};

/// Brings along what came through the device before the log-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecogniseVisitor;

impl LoginListener for RecogniseVisitor {
    fn on_login(&self, tx: &mut Tx<'_>, _user: UserId, device: Option<DeviceId>) -> DbResult<()> {
        // The device's first user may be another than the one who logs in now.
        device.map_or(Ok(()), |device| service::recognise(tx, device))
    }
}

/// Pages of the mini-program that are no thing of their own, such as its first page.
#[derive(Clone, Debug)]
pub struct Pages {
    /// What their cards say: the name of the shop.
    pub title: String,
}

impl SubjectSource for Pages {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Page
    }

    fn describe(&self, _tx: &mut Tx<'_>, reference: &str) -> DbResult<Option<SubjectCard>> {
        Ok(Some(SubjectCard {
            title: self.title.clone(),
            picture: String::new(),
            price: None,
            market_price: None,
            path: reference.to_owned(),
            campaign: None,
        }))
    }
}

/// Products on sale.
#[derive(Clone, Debug)]
pub struct Products {
    /// The page of the mini-program that shows one.
    pub page: String,
}

impl SubjectSource for Products {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Product
    }

    fn describe(&self, tx: &mut Tx<'_>, reference: &str) -> DbResult<Option<SubjectCard>> {
        let Ok(id) = reference.parse() else { return Ok(None) };
        let facts = catalog::product_facts(tx, id)?;
        Ok(facts.filter(|facts| facts.on_sale).map(|facts| SubjectCard {
            title: facts.title,
            picture: facts.picture,
            price: facts.price,
            market_price: facts.market_price,
            path: format!("{}?id={id}", self.page),
            campaign: None,
        }))
    }
}
