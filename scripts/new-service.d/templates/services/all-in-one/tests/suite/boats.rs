//! Boats over the wire.

use proto::boats::v1::{
    Boat, CreateBoatRequest, DeleteBoatRequest, GetBoatRequest, ListBoatsRequest, UpdateBoatRequest,
    boats_service_client::BoatsServiceClient,
};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt;

use crate::{
    house::{House, migrate, migrate_set},
    people::{Suite, bearer_of},
};

#[tokio::test]
async fn a_boat_is_created_once_found_listed_changed_and_deleted() {
    let suite = Suite::start(&[]).await;
    let ada = owner(&suite, "ada@example.com").await;
    let request_id = "6f1c1a4e-6df4-4b3f-9a52-0d3c3b6a2f10";

    let created = ada.create("One", request_id).await.unwrap();
    let repeated = ada.create("One", request_id).await.unwrap();
    let reused = ada.create("Two", request_id).await;
    let another = ada.create("Another", "").await.unwrap();
    let page = ada.list(1, "").await.unwrap();
    let rest = ada.list(1, &page.1).await.unwrap();
    let changed = ada.rename(&created, "Two").await.unwrap();
    ada.delete(&changed).await.unwrap();

    assert_eq!(repeated, created);
    assert_refused(reused, Code::AlreadyExists, "REQUEST_ID_REUSED");
    assert_eq!((page.0, rest.0), (vec![created.clone()], vec![another]));
    assert_eq!(rest.1, "", "there is no other page");
    assert_eq!((changed.title.as_str(), &changed.boat_id), ("Two", &created.boat_id));
    assert_ne!(changed.etag, created.etag);
    assert_refused(ada.get(&created).await, Code::NotFound, "BOAT_NOT_FOUND");
}

#[tokio::test]
async fn what_has_changed_meanwhile_is_neither_changed_nor_deleted() {
    let suite = Suite::start(&[]).await;
    let ada = owner(&suite, "ada@example.com").await;
    let seen = ada.create("One", "").await.unwrap();
    let current = ada.rename(&seen, "Two").await.unwrap();

    let renamed = ada.rename(&seen, "Three").await;
    let deleted = ada.delete(&seen).await;

    assert_refused(renamed, Code::Aborted, "ETAG_MISMATCH");
    assert_refused(deleted, Code::Aborted, "ETAG_MISMATCH");
    assert_eq!(ada.get(&seen).await.unwrap(), current);
}

#[tokio::test]
async fn the_boats_of_another_are_not_found() {
    let suite = Suite::start(&[]).await;
    let (ada, eve) = (owner(&suite, "ada@example.com").await, owner(&suite, "eve@example.com").await);
    let boat = ada.create("Mine", "").await.unwrap();

    assert_refused(eve.get(&boat).await, Code::NotFound, "BOAT_NOT_FOUND");
    assert_refused(eve.rename(&boat, "Hers").await, Code::NotFound, "BOAT_NOT_FOUND");
    assert_refused(eve.delete(&boat).await, Code::NotFound, "BOAT_NOT_FOUND");
    let of_ada = ListBoatsRequest { account_id: boat.account_id.clone(), ..ListBoatsRequest::default() };
    let listed = eve.client().list_boats(eve.says(of_ada)).await;
    assert_refused(listed, Code::NotFound, "BOAT_NOT_FOUND");

    assert_eq!(eve.list(0, "").await.unwrap().0, []);
    assert_eq!(ada.get(&boat).await.unwrap(), boat);
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named() {
    let suite = Suite::start(&[]).await;
    let ada = owner(&suite, "ada@example.com").await;
    let boat = Boat { title: " ".to_owned(), etag: "\"1\"".to_owned(), ..Boat::default() };
    let create = CreateBoatRequest { boat: Some(boat), request_id: "again".to_owned() };

    let status = ada.client().create_boat(ada.says(create)).await.unwrap_err();

    let violations = status.get_details_bad_request().unwrap().field_violations;
    let named: Vec<_> = violations.into_iter().map(|violation| violation.field).collect();
    assert_eq!(named, ["boat.etag", "boat.title", "request_id"]);
}

#[tokio::test]
async fn in_a_process_of_its_own_boats_outlive_it() {
    let (accounts, redis, postgres) =
        tokio::join!(testkit::postgres(), testkit::redis(), testkit::postgres());
    migrate(&accounts.url).await;
    migrate_set("boats", &postgres.url).await;
    let house = House::start(
        &[("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &accounts.url)],
        &[("FAIRLEAD__SESSIONS__REDIS__URL", &redis.url)],
    )
    .await;
    let guest = house.guest("ada@example.com").await;
    let own = [("FAIRLEAD__BOATS__POSTGRES__URL", postgres.url.as_str())];

    let first = house.beside("boats", &own, None).await;
    let created = Owner::at(first.channel(), guest.token()).create("One", "").await.unwrap();
    first.binary.signal(testkit::Signal::TERM);
    let exit = first.binary.exit().await;
    let second = house.beside("boats", &own, None).await;
    let found = Owner::at(second.channel(), guest.token()).get(&created).await.unwrap();

    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert_eq!(found, created);
    house.stop().await;
}

/// Somebody who is signed in, and has boats.
struct Owner {
    channel: Channel,
    token: String,
}

async fn owner(suite: &Suite, email: &str) -> Owner {
    let person = suite.person(email).await;
    Owner::at(suite.server.channel(), &person.tokens.session_token)
}

impl Owner {
    fn at(channel: Channel, token: &str) -> Self {
        Self { channel, token: token.to_owned() }
    }

    fn client(&self) -> BoatsServiceClient<Channel> {
        BoatsServiceClient::new(self.channel.clone())
    }

    fn says<T>(&self, message: T) -> Request<T> {
        bearer_of(&self.token, message)
    }

    async fn create(&self, title: &str, request_id: &str) -> Result<Boat, Status> {
        let boat = Boat { title: title.to_owned(), ..Boat::default() };
        let request = CreateBoatRequest { boat: Some(boat), request_id: request_id.to_owned() };
        Ok(self.client().create_boat(self.says(request)).await?.into_inner().boat.unwrap())
    }

    async fn get(&self, boat: &Boat) -> Result<Boat, Status> {
        let request = GetBoatRequest { boat_id: boat.boat_id.clone() };
        Ok(self.client().get_boat(self.says(request)).await?.into_inner().boat.unwrap())
    }

    /// A page of the own ones, and where the next one begins.
    async fn list(&self, page_size: i32, page_token: &str) -> Result<(Vec<Boat>, String), Status> {
        let request =
            ListBoatsRequest { account_id: String::new(), page_size, page_token: page_token.to_owned() };
        let page = self.client().list_boats(self.says(request)).await?.into_inner();
        Ok((page.boats, page.next_page_token))
    }

    /// Gives the boat another title, if it still is as it was seen.
    async fn rename(&self, seen: &Boat, title: &str) -> Result<Boat, Status> {
        let boat = Boat {
            boat_id: seen.boat_id.clone(),
            title: title.to_owned(),
            etag: seen.etag.clone(),
            ..Boat::default()
        };
        let request = UpdateBoatRequest { boat: Some(boat), update_mask: None };
        Ok(self.client().update_boat(self.says(request)).await?.into_inner().boat.unwrap())
    }

    async fn delete(&self, seen: &Boat) -> Result<(), Status> {
        let request = DeleteBoatRequest { boat_id: seen.boat_id.clone(), etag: seen.etag.clone() };
        self.client().delete_boat(self.says(request)).await.map(drop)
    }
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) {
    let status = answer.unwrap_err();
    let told = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    assert_eq!((status.code(), &*told), (code, reason), "{status:?}");
}
