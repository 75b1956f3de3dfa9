//! What is done with the tables `parts` and `signed_parts`.

use sql::{Failure, Session, Statement, fetch};

use super::{
    rows::{self, PART, number},
    strays, uploads,
};
use crate::{
    error::Error,
    store::{Begin, Commit},
    upload::{Epoch, Part, Upload, UploadId},
};

type Result<T> = std::result::Result<T, Failure<Error>>;

pub(super) async fn committed(
    session: &mut dyn Session,
    id: UploadId,
    offset: u64,
    limit: u16,
) -> Result<Vec<Part>> {
    let select = Statement::assembled(format!(
        "select {PART} from parts where upload_id = $1 and start + size > $2 order by start limit $3"
    ));
    Ok(fetch(session, select.with(id).with(number(offset)).with(limit), rows::part).await?)
}

pub(super) async fn signed(session: &mut dyn Session, id: UploadId) -> Result<Vec<Part>> {
    let select = format!("select {PART} from signed_parts where upload_id = $1 order by start");
    Ok(fetch(session, Statement::assembled(select).with(id), rows::part).await?)
}

pub(super) async fn begin(session: &mut dyn Session, begin: Begin) -> Result<Upload> {
    let Begin { id, offset, reserved, signed, expire_time } = begin;
    let upload = uploads::lock(session, id).await?;
    upload.may_write(offset)?;
    let Epoch(former) = upload.writer;
    let upload = Upload { writer: Epoch(former + 1), expire_time, ..upload };
    uploads::write(session, &upload).await?;
    forget_signed(session, id).await?;
    strays::reserve(session, &reserved).await?;
    for part in &signed {
        add(session, "signed_parts", id, part).await?;
    }
    Ok(upload)
}

pub(super) async fn commit(session: &mut dyn Session, commit: Commit) -> Result<Upload> {
    let Commit { id, writer, part, content_type, next, expire_time } = commit;
    let upload = uploads::lock(session, id).await?;
    let upload = Upload { expire_time, ..upload.with(writer, &part, content_type.as_deref())? };
    strays::claim(session, &part.key).await?;
    add(session, "parts", id, &part).await?;
    let delete = Statement::new("delete from signed_parts where upload_id = $1 and start = $2");
    session.execute(delete.with(id).with(number(part.start))).await?;
    uploads::write(session, &upload).await?;
    strays::reserve(session, next.as_slice()).await?;
    Ok(upload)
}

/// What was signed is not waited for any more; its keys are reserved until they are due.
pub(super) async fn forget_signed(session: &mut dyn Session, id: UploadId) -> Result<()> {
    session.execute(Statement::new("delete from signed_parts where upload_id = $1").with(id)).await?;
    Ok(())
}

async fn add(session: &mut dyn Session, table: &str, id: UploadId, part: &Part) -> Result<()> {
    let Part { start, size, crc32c, key } = part;
    let insert = Statement::assembled(format!(
        "insert into {table} (upload_id, start, size, crc32c, object_key) values ($1, $2, $3, $4, $5)"
    ));
    let insert = insert.with(id).with(number(*start)).with(number(*size)).with(i64::from(*crc32c)).with(key);
    session.execute(insert).await?;
    Ok(())
}
