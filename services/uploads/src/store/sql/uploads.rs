//! What is done with the tables `uploads` and `usage`.

use sql::{Columns, Failure, Session, Statement, fetch};

use super::{
    parts,
    rows::{self, UPLOAD, number},
    strays,
};
use crate::{
    error::Error,
    upload::{AccountId, Epoch, NewUpload, Quota, RequestId, Time, UNKNOWN, Upload, UploadId, part_size},
};

type Result<T> = std::result::Result<T, Failure<Error>>;

pub(super) async fn create(session: &mut dyn Session, new: NewUpload, quota: Quota) -> Result<Upload> {
    let NewUpload { id, account_id, file_name, size, request_id, expire_time } = new;
    // From here on, creations for one account wait for each other.
    let usage = lock_usage(session, account_id).await?;
    if usage.closed {
        return Err(Error::AccountClosed.into());
    }
    if let Some(created) = created_by(session, account_id, request_id).await? {
        let same = created.size == size && created.file_name == file_name;
        return if same { Ok(created) } else { Err(Error::RequestIdReused.into()) };
    }
    usage.admits(size, quota)?;
    count(session, account_id, number(size), 1).await?;
    let upload = Upload {
        id,
        account_id,
        file_name,
        size,
        part_size: part_size(size),
        committed: 0,
        crc32c: 0,
        content_type: None,
        finish_time: None,
        writer: Epoch(0),
        create_time: Time::now(),
        expire_time,
    };
    let insert = Statement::new(
        "insert into uploads (upload_id, account_id, file_name, size, part_size, committed_size, crc32c, content_type,
             finished, writer_epoch, request_id, create_time, expire_time)
         values ($1, $2, $3, $4, $5, 0, 0, '', $6, $7, $8, $9, $10)",
    )
    .with(id)
    .with(account_id)
    .with(upload.file_name.as_ref().map(ToString::to_string).unwrap_or_default())
    .with(number(size))
    .with(number(upload.part_size))
    .with(false)
    .with(upload.writer)
    .with(request_id.map(|id| id.to_string()))
    .with(upload.create_time)
    .with(expire_time);
    session.execute(insert).await?;
    Ok(upload)
}

async fn created_by(
    session: &mut dyn Session,
    account_id: AccountId,
    request_id: Option<RequestId>,
) -> Result<Option<Upload>> {
    let Some(request_id) = request_id else {
        return Ok(None);
    };
    let select = format!("select {UPLOAD} from uploads where account_id = $1 and request_id = $2");
    let select = Statement::assembled(select).with(account_id).with(request_id);
    Ok(fetch(session, select, rows::upload).await?.pop())
}

pub(super) async fn find(session: &mut dyn Session, id: UploadId) -> Result<Option<Upload>> {
    let select = format!("select {UPLOAD} from uploads where upload_id = $1");
    Ok(fetch(session, Statement::assembled(select).with(id), rows::upload).await?.pop())
}

pub(super) async fn list(
    session: &mut dyn Session,
    account_id: AccountId,
    after: Option<UploadId>,
    limit: u16,
) -> Result<Vec<Upload>> {
    // No id is smaller than the empty text.
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let select = Statement::assembled(format!(
        "select {UPLOAD} from uploads where account_id = $1 and upload_id > $2 order by upload_id limit $3"
    ));
    Ok(fetch(session, select.with(account_id).with(after).with(limit), rows::upload).await?)
}

/// Reads an upload and keeps others from changing it until the transaction ends. An update of nothing does it on both
/// databases; `for update` is not SQLite's.
pub(super) async fn lock(session: &mut dyn Session, id: UploadId) -> Result<Upload> {
    let touch = Statement::assembled(format!(
        "update uploads set writer_epoch = writer_epoch where upload_id = $1 returning {UPLOAD}"
    ));
    fetch(session, touch.with(id), rows::upload).await?.pop().ok_or(Error::NotFound.into())
}

/// Writes what can change of a locked upload.
pub(super) async fn write(session: &mut dyn Session, upload: &Upload) -> Result<()> {
    let update = Statement::new(
        "update uploads set committed_size = $2, crc32c = $3, content_type = $4, finished = $5, writer_epoch = $6,
             finish_time = case when $5 then $7 else null end, expire_time = $8
         where upload_id = $1",
    )
    .with(upload.id)
    .with(number(upload.committed))
    .with(i64::from(upload.crc32c))
    .with(upload.content_type.clone().unwrap_or_default())
    .with(upload.is_finished())
    .with(upload.writer)
    .with(upload.finish_time.unwrap_or(upload.create_time))
    .with(upload.expire_time);
    session.execute(update).await?;
    Ok(())
}

pub(super) async fn finish(session: &mut dyn Session, id: UploadId, crc32c: Option<u32>) -> Result<Upload> {
    let upload = lock(session, id).await?;
    upload.may_finish(crc32c)?;
    if upload.is_finished() {
        return Ok(upload);
    }
    let Upload { content_type, .. } = upload;
    let content_type = content_type.or_else(|| Some(UNKNOWN.to_owned()));
    let upload = Upload { finish_time: Some(Time::now()), content_type, ..upload };
    write(session, &upload).await?;
    parts::forget_signed(session, id).await?;
    Ok(upload)
}

pub(super) async fn delete(session: &mut dyn Session, id: UploadId) -> Result<()> {
    let upload = lock(session, id).await?;
    remove(session, &upload).await
}

pub(super) async fn delete_expired(session: &mut dyn Session, id: UploadId, now: Time) -> Result<bool> {
    let upload = match lock(session, id).await {
        Err(Failure::Domain(Error::NotFound)) => return Ok(false),
        upload => upload?,
    };
    if upload.is_finished() || upload.expire_time > now {
        return Ok(false);
    }
    remove(session, &upload).await?;
    Ok(true)
}

async fn remove(session: &mut dyn Session, upload: &Upload) -> Result<()> {
    let Upload { id, account_id, size, .. } = upload;
    strays::abandon_parts(session, *id).await?;
    parts::forget_signed(session, *id).await?;
    for table in ["parts", "uploads"] {
        let delete = Statement::assembled(format!("delete from {table} where upload_id = $1"));
        session.execute(delete.with(*id)).await?;
    }
    count(session, *account_id, -number(*size), -1).await
}

pub(super) async fn expired(session: &mut dyn Session, now: Time, limit: u16) -> Result<Vec<UploadId>> {
    let select = Statement::new(
        "select upload_id from uploads where finished = $1 and expire_time <= $2 order by expire_time limit $3",
    );
    Ok(fetch(session, select.with(false).with(now).with(limit), rows::id).await?)
}

pub(super) async fn close_account(session: &mut dyn Session, account_id: AccountId) -> Result<()> {
    lock_usage(session, account_id).await?;
    let update = Statement::new("update usage set closed = $2 where account_id = $1");
    session.execute(update.with(account_id).with(true)).await?;
    Ok(())
}

/// What an account has.
struct Usage {
    bytes: u64,
    uploads: u64,
    closed: bool,
}

impl Usage {
    fn read(row: &dyn Columns) -> std::result::Result<Self, sql::Error> {
        Ok(Self {
            bytes: rows::bytes(row, "bytes")?,
            uploads: rows::bytes(row, "uploads")?,
            closed: row.flag("closed")?,
        })
    }

    /// Whether there is room for one more upload of that size.
    fn admits(&self, size: u64, quota: Quota) -> std::result::Result<(), Error> {
        let bytes = quota.bytes.saturating_sub(self.bytes);
        if size > bytes {
            return Err(Error::QuotaExceeded { what: "bytes", left: bytes });
        }
        let uploads = quota.uploads.saturating_sub(self.uploads);
        if uploads == 0 {
            return Err(Error::QuotaExceeded { what: "uploads", left: 0 });
        }
        Ok(())
    }
}

async fn lock_usage(session: &mut dyn Session, account_id: AccountId) -> Result<Usage> {
    let insert = Statement::new(
        "insert into usage (account_id, bytes, uploads, closed) values ($1, 0, 0, $2) on conflict do nothing",
    );
    session.execute(insert.with(account_id).with(false)).await?;
    let touch = Statement::new(
        "update usage set bytes = bytes where account_id = $1 returning bytes, uploads, closed",
    );
    let usage = fetch(session, touch.with(account_id), Usage::read).await?.pop();
    usage.ok_or(Error::Internal.into())
}

async fn count(session: &mut dyn Session, account_id: AccountId, bytes: i64, uploads: i64) -> Result<()> {
    let update =
        Statement::new("update usage set bytes = bytes + $2, uploads = uploads + $3 where account_id = $1");
    session.execute(update.with(account_id).with(bytes).with(uploads)).await?;
    Ok(())
}
