//! Work whose pieces do not wait for each other: looks at people, full syncs, and questions about
//! missing people, mails.
//!
//! One task claims and starts; each piece then runs by itself. How many may run is not a number of
//! workers that slow pieces could use up: the claim bounds them per organization and per HR system,
//! in the database, so that all processes count together (S-46).
//!
//! Invariant: a stop begins nothing more and waits for what was begun.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::limits;
use crate::notify::outbox;
use crate::notify::smtp::Mailer;
use crate::sync::full::unconfirmed;
use crate::sync::{SyncError, full, live};
use crate::tasks::{Activator, Activators, Kind, TaskContext, pass_on, pause_ms};

type Piece = BoxFuture<'static, Result<(), SyncError>>;

/// What a claim brought.
enum Claimed {
    Nothing,
    /// Something was put in order, and there may be more.
    Arranged,
    Pieces(Vec<Piece>),
}

async fn claim(kind: Kind, cx: &TaskContext) -> Result<Claimed, SyncError> {
    if kind == Kind::Questions {
        return Ok(match unconfirmed::claim_next(&cx.sync).await? {
            unconfirmed::Claimed::Nothing => Claimed::Nothing,
            unconfirmed::Claimed::Arranged => Claimed::Arranged,
            unconfirmed::Claimed::People(claim) => {
                Claimed::Pieces(vec![Box::pin(unconfirmed::ask(cx.sync.clone(), *claim))])
            }
        });
    }
    if kind == Kind::Mails {
        let Some(mailer) = cx.mailer.clone() else { return Ok(Claimed::Nothing) };
        let claimed = outbox::claim_next(&cx.sync.db, cx).await?;
        return Ok(match claimed {
            None => Claimed::Nothing,
            Some(mail) => Claimed::Pieces(vec![send(cx.clone(), mailer, mail)]),
        });
    }
    if kind == Kind::Runs {
        return Ok(match full::claim_next(&cx.sync).await? {
            full::Claimed::Nothing => Claimed::Nothing,
            full::Claimed::Arranged => Claimed::Arranged,
            full::Claimed::Run(claim) => {
                Claimed::Pieces(vec![Box::pin(full::run(cx.sync.clone(), *claim))])
            }
        });
    }
    Ok(match live::claim_next(&cx.sync).await? {
        live::Claimed::Nothing => Claimed::Nothing,
        live::Claimed::Arranged => Claimed::Arranged,
        live::Claimed::Looks(looks) => {
            let piece = |look| -> Piece { Box::pin(live::look_at(cx.sync.clone(), look)) };
            Claimed::Pieces(looks.into_iter().map(piece).collect())
        }
    })
}

fn send(cx: TaskContext, mailer: Arc<Mailer>, mail: outbox::Claim) -> Piece {
    Box::pin(
        async move { Ok(outbox::deliver(&cx.sync.db, &cx.sync.keys, &cx, &mailer, mail).await?) },
    )
}

/// How many pieces of a kind one process has under way.
const fn pieces_max(kind: Kind) -> usize {
    match kind {
        Kind::Mails => limits::MAILS_AT_ONCE_MAX,
        _ => limits::PIECES_MAX,
    }
}

/// Claims and starts until it is told to stop, then waits for what it has started.
pub(super) async fn keep_going(
    kind: Kind,
    cx: TaskContext,
    activator: Activator,
    all: Activators,
    mut stopped: watch::Receiver<bool>,
) {
    let mut pieces: JoinSet<()> = JoinSet::new();
    while !*stopped.borrow() {
        // Registered before the claim, so that no signal is lost between the claim and the wait.
        let mut woken = std::pin::pin!(activator.0.notified());
        woken.as_mut().enable();
        while pieces.try_join_next().is_some() {}
        let claimed = if pieces.len() < pieces_max(kind) {
            let claimed = AssertUnwindSafe(claim(kind, &cx)).catch_unwind().await;
            claimed.unwrap_or(Err(SyncError::Panicked))
        } else {
            Ok(Claimed::Nothing)
        };
        let pause_ms = match claimed {
            Ok(Claimed::Pieces(new)) => {
                for piece in new {
                    pieces.spawn(finish(kind, piece, cx.clone(), all.clone()));
                }
                continue;
            }
            Ok(Claimed::Arranged) => {
                pass_on(kind, &cx, &all).await;
                continue;
            }
            Ok(Claimed::Nothing) => pause_ms(kind, &cx, kind.period_ms()).await,
            Err(error) => {
                tell(kind, &error);
                1_000
            }
        };
        tokio::select! {
            () = woken => {}
            // Its organization has room for another piece now.
            Some(_) = pieces.join_next() => {}
            () = tokio::time::sleep(Duration::from_millis(pause_ms)) => {}
            _ = stopped.changed() => {}
        }
    }
    while pieces.join_next().await.is_some() {}
}

async fn finish(kind: Kind, piece: Piece, cx: TaskContext, all: Activators) {
    // A piece that panics ends by its lease and is done again; the others go on.
    let done = AssertUnwindSafe(piece).catch_unwind().await;
    match done.unwrap_or(Err(SyncError::Panicked)) {
        Ok(()) => pass_on(kind, &cx, &all).await,
        Err(error) => tell(kind, &error),
    }
}

fn tell(kind: Kind, error: &SyncError) {
    if error.is_away() {
        // The log tells it once for all.
        return;
    }
    tracing::error!(task = kind.name(), error = %error, "a task failed; it goes on");
}
