//! What arrives: parse, do, answer.

use std::sync::Arc;

use guard::{Caller, caller};
use proto::boats::v1::{
    CreateBoatRequest, CreateBoatResponse, DeleteBoatRequest, DeleteBoatResponse, GetBoatRequest,
    GetBoatResponse, ListBoatsRequest, ListBoatsResponse, UpdateBoatRequest, UpdateBoatResponse,
    boats_service_server::BoatsService,
};
use tonic::{Request, Response, Status};

use crate::{
    boat::{AccountId, Boat, BoatId},
    error::Error,
    store::Store,
    wire,
};

/// The handlers of `fairlead.boats.v1.BoatsService`.
pub(crate) struct Rpc {
    pub(crate) store: Arc<dyn Store>,
}

#[tonic::async_trait]
impl BoatsService for Rpc {
    async fn create_boat(
        &self,
        request: Request<CreateBoatRequest>,
    ) -> Result<Response<CreateBoatResponse>, Status> {
        let owner = own_account(&caller(request.extensions()))?;
        let wire::Create(new) = wire::Create::parse(request.into_inner(), owner)?;
        let boat = self.store.create(new).await?;
        Ok(Response::new(CreateBoatResponse { boat: Some(boat.into()) }))
    }

    async fn get_boat(&self, request: Request<GetBoatRequest>) -> Result<Response<GetBoatResponse>, Status> {
        let id = wire::boat_id(&request.get_ref().boat_id)?;
        let boat = self.theirs(&caller(request.extensions()), id).await?;
        Ok(Response::new(GetBoatResponse { boat: Some(boat.into()) }))
    }

    async fn list_boats(
        &self,
        request: Request<ListBoatsRequest>,
    ) -> Result<Response<ListBoatsResponse>, Status> {
        let caller = caller(request.extensions());
        let list = wire::List::parse(request.into_inner(), own_account(&caller)?)?;
        may_touch(&caller, list.account_id)?;
        // One more tells whether there are more.
        let found = self.store.list(list.account_id, list.after, list.size.saturating_add(1)).await?;
        Ok(Response::new(list.answer(found)))
    }

    async fn update_boat(
        &self,
        request: Request<UpdateBoatRequest>,
    ) -> Result<Response<UpdateBoatResponse>, Status> {
        let caller = caller(request.extensions());
        let wire::Update { id, change, expected } = wire::Update::parse(request.into_inner())?;
        self.theirs(&caller, id).await?;
        let boat = self.store.update(id, change, expected).await?;
        Ok(Response::new(UpdateBoatResponse { boat: Some(boat.into()) }))
    }

    async fn delete_boat(
        &self,
        request: Request<DeleteBoatRequest>,
    ) -> Result<Response<DeleteBoatResponse>, Status> {
        let caller = caller(request.extensions());
        let wire::Delete { id, expected } = wire::Delete::parse(request.into_inner())?;
        self.theirs(&caller, id).await?;
        self.store.delete(id, expected).await?;
        Ok(Response::new(DeleteBoatResponse {}))
    }
}

impl Rpc {
    /// The boat, if it is the caller's. Boats do not change hands.
    async fn theirs(&self, caller: &Caller, id: BoatId) -> Result<Boat, Error> {
        let boat = self.store.find(id).await?.ok_or(Error::NotFound)?;
        may_touch(caller, boat.account_id)?;
        Ok(boat)
    }
}

/// What belongs to another does not exist.
fn may_touch(caller: &Caller, AccountId(account_id): AccountId) -> Result<(), Error> {
    if caller.may_touch(account_id) { Ok(()) } else { Err(Error::NotFound) }
}

/// The account of the person who calls: the policy lets nobody else through.
fn own_account(caller: &Caller) -> Result<AccountId, Error> {
    caller.person().map(|person| AccountId(person.account_id)).ok_or(Error::NotFound)
}
