//! The writer thread: what it answers is what is in the database.
//!
//! Long because each way in which a job can end is tried, alone and beside others.

use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use futures_util::future::join_all;
use rollcall::db::{Db, DbError, Lane, Tx, limit_size_for_tests, organizations};
use rollcall::limits;

use crate::testdb::{Engine, TestDb, on, on_both, organization};

on_both!(
    an_answer_comes_after_the_commit_and_commits_are_shared,
    many_writes_land_and_are_seen_when_they_are_answered,
    a_job_that_fails_leaves_nothing_and_the_others_stand,
    panics_lose_nothing_that_was_acknowledged,
    a_swallowed_error_is_never_taken_for_a_success,
    a_full_queue_says_so_at_once,
    dropping_the_database_finishes_what_was_queued,
    the_last_handle_may_go_away_inside_a_job,
    an_answer_that_panics_harms_nobody,
);

type Waiting = Pin<Box<dyn Future<Output = Result<usize, DbError>>>>;

/// Webhooks are taken in again after a deadlock; here there is none.
fn once(
    work: impl FnOnce(&mut Tx<'_>) -> Result<usize, DbError> + Send + 'static,
) -> impl Fn(&mut Tx<'_>) -> Result<usize, DbError> + Send + Sync + 'static {
    let slot = Mutex::new(Some(work));
    move |tx| {
        let work = slot.lock().unwrap().take();
        work.unwrap()(tx)
    }
}

/// Which of the two ways to write.
#[derive(Debug, Clone, Copy)]
enum Way {
    Write,
    TakeIn,
}

async fn write(
    db: &Db,
    way: Way,
    work: impl FnOnce(&mut Tx<'_>) -> Result<usize, DbError> + Send + 'static,
) -> Result<usize, DbError> {
    match way {
        Way::Write => db.write(Lane::Urgent, work).await,
        Way::TakeIn => db.take_in(once(work)).await,
    }
}

fn store(tx: &mut Tx<'_>, number: usize) -> Result<usize, DbError> {
    organizations::insert(tx, &organization(number))?;
    Ok(number)
}

fn id(number: usize) -> String {
    organization(number).id.as_str().to_owned()
}

fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(id).collect()
}

/// Asks for a first time, so that the work is queued; the answer when there is one already.
async fn ask(waiting: &mut Waiting) -> Option<Result<usize, DbError>> {
    std::future::poll_fn(|context| {
        Poll::Ready(match waiting.as_mut().poll(context) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        })
    })
    .await
}

fn queued(
    db: &Db,
    work: impl FnOnce(&mut Tx<'_>) -> Result<usize, DbError> + Send + 'static,
) -> Waiting {
    let db = db.clone();
    Box::pin(async move { db.take_in(once(work)).await })
}

/// A job that runs `work` and then keeps the writer thread until the sender goes away.
async fn hold(
    db: &Db,
    work: impl FnOnce(&mut Tx<'_>) -> Result<usize, DbError> + Send + 'static,
) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<usize, DbError>>) {
    let (go, wait) = mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let db = db.clone();
    let task = tokio::spawn(async move {
        db.take_in(once(move |tx| {
            let outcome = work(tx);
            begun.send(()).unwrap();
            let _ = wait.recv();
            outcome
        }))
        .await
    });
    begins.await.unwrap();
    (go, task)
}

async fn an_answer_comes_after_the_commit_and_commits_are_shared(t: TestDb) {
    let (first, held) = hold(&t.db, |_| Ok(0)).await;
    let (go, wait) = mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let mut waiting: Vec<Waiting> =
        (1..=3).map(|n| queued(&t.db, move |tx| store(tx, n))).collect();
    waiting.push(queued(&t.db, move |tx| {
        begun.send(()).unwrap();
        let _ = wait.recv();
        store(tx, 4)
    }));
    for one in &mut waiting {
        assert!(ask(one).await.is_none());
    }
    drop(first);
    held.await.unwrap().unwrap();
    begins.await.unwrap();
    // The first three have run, in the commit that the fourth holds up.
    for one in &mut waiting {
        assert!(ask(one).await.is_none(), "answered before the commit");
    }
    assert!(t.at.raw().organizations().is_empty());
    drop(go);
    for (answer, number) in join_all(waiting).await.into_iter().zip(1..) {
        assert_eq!(answer.unwrap(), number);
    }
    assert_eq!(t.at.raw().organizations(), ids(1..=4));
}

async fn many_writes_land_and_are_seen_when_they_are_answered(t: TestDb) {
    let tasks = (0..8_usize).map(|task| {
        let db = t.db.clone();
        tokio::spawn(async move {
            let way = if task % 2 == 0 { Way::TakeIn } else { Way::Write };
            for number in (0..40).map(|n| task * 40 + n) {
                write(&db, way, move |tx| store(tx, number)).await.unwrap();
                db.read(move |c| organizations::find(c, &organization(number).id)).await.unwrap();
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    assert_eq!(t.at.raw().organizations(), ids(0..320));
}

async fn a_job_that_fails_leaves_nothing_and_the_others_stand(t: TestDb) {
    let (go, held) = hold(&t.db, |_| Ok(0)).await;
    let mut waiting = vec![
        queued(&t.db, |tx| store(tx, 1)),
        queued(&t.db, |tx| {
            store(tx, 2)?;
            Err(DbError::NotFound)
        }),
        queued(&t.db, |tx| {
            store(tx, 3)?;
            // The second time is a conflict; the first goes with it.
            store(tx, 3)
        }),
        queued(&t.db, |tx| store(tx, 4)),
    ];
    for one in &mut waiting {
        assert!(ask(one).await.is_none());
    }
    drop(go);
    held.await.unwrap().unwrap();
    let answers = join_all(waiting).await;
    assert!(matches!(answers[0], Ok(1)), "{answers:?}");
    assert!(matches!(answers[1], Err(DbError::NotFound)), "{answers:?}");
    assert!(matches!(answers[2], Err(DbError::Conflict { .. })), "{answers:?}");
    assert!(matches!(answers[3], Ok(4)), "{answers:?}");
    assert_eq!(t.at.raw().organizations(), ids([1, 4]));
}

async fn panics_lose_nothing_that_was_acknowledged(t: TestDb) {
    let tasks = (0..8_usize).map(|task| {
        let db = t.db.clone();
        let way = if task % 2 == 0 { Way::TakeIn } else { Way::Write };
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for number in (0..30).map(|n| task * 30 + n) {
                let work = move |tx: &mut Tx<'_>| {
                    store(tx, number)?;
                    match number % 3 {
                        0 => panic!("on purpose"),
                        1 => tx.transaction(|_| -> Result<usize, DbError> {
                            assert!(number % 2 == 0, "on purpose, one level deeper");
                            Ok(number)
                        }),
                        _ => Ok(number),
                    }
                };
                match write(&db, way, work).await {
                    Ok(number) => acknowledged.push(number),
                    Err(error) => assert!(matches!(error, DbError::Panicked), "{error:?}"),
                }
            }
            acknowledged
        })
    });
    let mut acknowledged = Vec::new();
    for task in join_all(tasks).await {
        acknowledged.extend(task.unwrap());
    }
    assert_eq!(acknowledged.len(), 120);
    acknowledged.sort_unstable();
    assert_eq!(t.at.raw().organizations(), ids(acknowledged));
}

/// PostgreSQL answers "ROLLBACK" to the COMMIT of a transaction in which a statement failed, and
/// calls that no error.
async fn a_swallowed_error_is_never_taken_for_a_success(t: TestDb) {
    for (number, way) in [(1, Way::Write), (2, Way::TakeIn)] {
        let answer = write(&t.db, way, move |tx| {
            store(tx, number)?;
            let _ = store(tx, number);
            Ok(number)
        })
        .await;
        let stored = t.at.raw().organizations().contains(&id(number));
        assert_eq!(answer.is_ok(), stored, "{way:?}: {answer:?}");
        write(&t.db, way, move |tx| store(tx, number + 10)).await.unwrap();
    }
}

async fn a_full_queue_says_so_at_once(t: TestDb) {
    let (go, held) = hold(&t.db, |_| Ok(0)).await;
    let mut waiting = Vec::new();
    for number in 0..limits::WRITER_QUEUE_MAX {
        let mut one = queued(&t.db, move |_| Ok(number));
        assert!(ask(&mut one).await.is_none());
        waiting.push(one);
    }
    let refused = ask(&mut queued(&t.db, |_| Ok(0))).await;
    assert!(matches!(refused, Some(Err(DbError::Busy))), "{refused:?}");
    drop(go);
    held.await.unwrap().unwrap();
    for (number, answer) in join_all(waiting).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), number);
    }
    t.db.take_in(|tx| store(tx, 1)).await.unwrap();
}

async fn dropping_the_database_finishes_what_was_queued(t: TestDb) {
    let (go, held) = hold(&t.db, |tx| store(tx, 0)).await;
    for number in 1..=50 {
        // The callers go away without an answer, as a dropped request does.
        assert!(ask(&mut queued(&t.db, move |tx| store(tx, number))).await.is_none());
    }
    held.abort();
    let _ = held.await;
    drop(go);
    let TestDb { db, at } = t;
    drop(db);
    assert_eq!(at.raw().organizations(), ids(0..=50));
}

async fn the_last_handle_may_go_away_inside_a_job(t: TestDb) {
    let TestDb { db, at } = t;
    let (go, wait) = mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (done, end) = tokio::sync::oneshot::channel();
    let inner = db.clone();
    let mut waiting = queued(&db, move |tx| {
        begun.send(()).unwrap();
        let _ = wait.recv();
        store(tx, 1)?;
        drop(inner);
        done.send(()).unwrap();
        Ok(1)
    });
    assert!(ask(&mut waiting).await.is_none());
    begins.await.unwrap();
    drop((waiting, db));
    drop(go);
    // Not sent when dropping the handle panicked.
    end.await.unwrap();
    // Nobody is left to ask; the thread commits and ends by itself.
    while at.raw().organizations() != ids([1]) {
        tokio::task::yield_now().await;
    }
}

/// An answer that nobody takes is dropped by the writer's thread.
async fn an_answer_that_panics_harms_nobody(t: TestDb) {
    struct Explosive;
    impl Drop for Explosive {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let (go, held) = hold(&t.db, |_| Ok(0)).await;
    let db = t.db.clone();
    let mut gone = Box::pin(async move {
        db.take_in(|tx| {
            store(tx, 1)?;
            Ok::<_, DbError>(Explosive)
        })
        .await
    });
    let pending =
        std::future::poll_fn(|context| Poll::Ready(gone.as_mut().poll(context).is_pending()));
    assert!(pending.await);
    drop(gone);
    let mut later = queued(&t.db, |tx| store(tx, 2));
    assert!(ask(&mut later).await.is_none());
    drop(go);
    held.await.unwrap().unwrap();
    assert_eq!(later.await.unwrap(), 2);
    t.db.take_in(|tx| store(tx, 3)).await.unwrap();
    assert_eq!(t.at.raw().organizations(), ids(1..=3));
}

/// In which order these jobs are done that have come in this one while the writer was held up.
async fn order_of(db: &Db, jobs: impl Iterator<Item = (Lane, usize)>) -> Vec<usize> {
    let order = Arc::new(Mutex::new(Vec::new()));
    let (go, held) = hold(db, |_| Ok(0)).await;
    let note = |(lane, number): (Lane, usize)| -> Waiting {
        let (db, order) = (db.clone(), Arc::clone(&order));
        Box::pin(async move {
            db.write(lane, move |_| {
                order.lock().unwrap().push(number);
                Ok(number)
            })
            .await
        })
    };
    let mut waiting: Vec<Waiting> = jobs.map(note).collect();
    for one in &mut waiting {
        assert!(ask(one).await.is_none());
    }
    drop(go);
    held.await.unwrap().unwrap();
    for answer in join_all(waiting).await {
        answer.unwrap();
    }
    let order = order.lock().unwrap();
    order.clone()
}

#[test]
fn urgent_jobs_overtake_bulk_ones() {
    on(Engine::Sqlite, async |t: TestDb| {
        let bulk = (11..=13).map(|n| (Lane::Bulk, n));
        let order = order_of(&t.db, bulk.chain((1..=3).map(|n| (Lane::Urgent, n)))).await;
        assert_eq!(order, [1, 2, 3, 11, 12, 13]);
    });
}

/// Pieces of small directories go before those of large ones, and one at a time, so that what is
/// urgent never waits behind several (S-46).
#[test]
fn s_46_small_work_goes_before_large_and_one_piece_at_a_time() {
    on(Engine::Sqlite, async |t: TestDb| {
        let small = (21..=23).map(|n| (Lane::Small, n));
        let urgent = (11..=13).map(|n| (Lane::Urgent, n));
        let jobs = [(Lane::Bulk, 31)].into_iter().chain(small).chain(urgent);
        let order = order_of(&t.db, jobs).await;
        assert_eq!(order[..4], [21, 11, 12, 13], "one of the small pieces: {order:?}");
        let of_small: Vec<_> = order.iter().filter(|n| (21..=23).contains(*n)).collect();
        assert_eq!(of_small, [&21, &22, &23]);
    });
}

/// Whoever waits for an urgent write does not wait for large work that came with it (S-46).
#[test]
fn s_46_a_commit_of_urgent_jobs_carries_no_bulk_job() {
    on(Engine::Sqlite, async |t: TestDb| {
        let (go, held) = hold(&t.db, |_| Ok(0)).await;
        let (end, ends) = mpsc::channel::<()>();
        let db = t.db.clone();
        let mut bulk: Waiting = Box::pin(async move {
            let long = move |_: &mut Tx<'_>| {
                let _ = ends.recv();
                Ok(1)
            };
            db.write(Lane::Bulk, long).await
        });
        let mut urgent = queued(&t.db, |tx| store(tx, 2));
        assert!(ask(&mut bulk).await.is_none());
        assert!(ask(&mut urgent).await.is_none());
        drop(go);
        held.await.unwrap().unwrap();
        assert_eq!(urgent.await.unwrap(), 2, "while the bulk job has not ended");
        drop(end);
        assert_eq!(bulk.await.unwrap(), 1);
    });
}

/// SQLite answers most "disk full" errors by rolling back the whole transaction, not only the
/// statement: the batch is gone, and what would run after it must not be committed alone.
#[test]
fn a_full_disk_loses_and_invents_nothing() {
    on(Engine::Sqlite, async |t: TestDb| {
        let mut raw = t.at.raw();
        let pages = raw.values("SELECT CAST(page_count AS TEXT) AS value FROM pragma_page_count");
        let limit = pages[0].parse::<u32>().unwrap() + 12;
        let full = move |tx: &mut Tx<'_>, number: usize| {
            limit_size_for_tests(tx, limit)?;
            let mut row = organization(number);
            row.name = "x".repeat(if number.is_multiple_of(4) { 3_000 } else { 30 });
            organizations::insert(tx, &row)?;
            Ok(number)
        };
        let mut acknowledged = Vec::new();
        let mut failed = 0;
        for round in 0..12 {
            let (go, held) = hold(&t.db, |_| Ok(0)).await;
            let numbers = (round * 10)..(round * 10 + 10);
            let mut waiting: Vec<Waiting> =
                numbers.map(|n| queued(&t.db, move |tx| full(tx, n))).collect();
            for one in &mut waiting {
                assert!(ask(one).await.is_none());
            }
            drop(go);
            held.await.unwrap().unwrap();
            for answer in join_all(waiting).await {
                match answer {
                    Ok(number) => acknowledged.push(number),
                    Err(error) => {
                        let told = matches!(error, DbError::Unavailable(_) | DbError::NoWrites(_));
                        assert!(told, "{error:?}");
                        failed += 1;
                    }
                }
            }
            assert_eq!(raw.organizations(), ids(acknowledged.iter().copied()));
        }
        assert!(failed > 10 && acknowledged.len() > 10, "{failed} of 120 failed");
        // Space returns.
        let number = 1_000;
        t.db.take_in(move |tx| {
            limit_size_for_tests(tx, u32::MAX / 2)?;
            store(tx, number)
        })
        .await
        .unwrap();
        acknowledged.push(number);
        assert_eq!(raw.organizations(), ids(acknowledged));
        assert_eq!(
            raw.values("SELECT integrity_check AS value FROM pragma_integrity_check"),
            ["ok"]
        );
    });
}

/// A connection that the server closed is opened again, and nobody is refused for it: nothing had
/// run yet. In the middle of a batch, everybody is told.
#[test]
fn a_lost_connection_of_the_writer_is_replaced() {
    on(Engine::Postgres, async |t: TestDb| {
        let terminate = "SELECT pg_terminate_backend(pid, 5000)::TEXT AS value \
                         FROM pg_stat_activity \
                         WHERE datname = current_database() AND pid <> pg_backend_pid()";
        t.db.take_in(|tx| store(tx, 1)).await.unwrap();
        assert!(!t.at.raw().values(terminate).is_empty());
        t.db.take_in(|tx| store(tx, 2)).await.unwrap();

        let (go, held) = hold(&t.db, |tx| store(tx, 3)).await;
        let mut later = queued(&t.db, |tx| store(tx, 4));
        assert!(ask(&mut later).await.is_none());
        assert!(!t.at.raw().values(terminate).is_empty());
        drop(go);
        let told = held.await.unwrap();
        assert!(matches!(told, Err(DbError::Away(_))), "{told:?}");
        later.await.unwrap();
        assert_eq!(t.at.raw().organizations(), ids([1, 2, 4]));
    });
}

/// The log is moved into the file while bulk work goes on, long before the writer would have to do
/// it (S-46), and does not grow.
#[test]
fn s_46_the_log_of_bulk_work_is_moved_beside_it() {
    on(Engine::Sqlite, async |t| {
        let file = t.at.file().to_owned();
        let length = |suffix: &str| {
            let name = format!("{}{suffix}", file.display());
            std::fs::metadata(name).map_or(0, |found| found.len())
        };
        let before = length("");
        let mut number = 0;
        // The writer does it at 4,000 pages, which are 16 MiB.
        while length("") == before {
            assert!(length("-wal") < 14 << 20, "the log holds {} bytes", length("-wal"));
            let jobs = number..number + 20;
            number = jobs.end;
            let job = move |tx: &mut Tx<'_>| jobs.map(|n| store(tx, n)).sum::<Result<usize, _>>();
            t.db.write(Lane::Bulk, job).await.unwrap();
        }
        // The file of a server that has stopped is whole by itself.
        drop(t.db);
        let name = format!("{}-wal", file.display());
        assert!(!std::path::Path::new(&name).exists(), "the log is still there");
    });
}
