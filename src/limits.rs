//! Every bound of Rollcall, in one place. `docs/LIMITS.md` says the same in a table; a test
//! compares.

/// Largest webhook body that is accepted, after decompression (S-02). One byte more answers 413.
pub const HOOK_BODY_BYTES_MAX: usize = 64 * 1024;
/// Largest JSON body of an API request, except imports.
pub const API_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest import of accounts, streamed.
pub const IMPORT_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Largest single line of an import.
pub const IMPORT_LINE_BYTES_MAX: usize = 64 * 1024;
/// Accounts in one import; what is beyond is refused, so that the answer stays bounded.
pub const IMPORT_ROWS_MAX: usize = 500_000;
/// Quotation marks in one CSV that are slips and cost a second look at the lines after them; from
/// then on no field goes over several lines.
pub const IMPORT_SLIPS_MAX: usize = 100;
/// Rows of an import whose failure is told in detail; of more only the code is told.
pub const IMPORT_DETAILED_ROWS_MAX: usize = 10_000;
/// Things that are told to be wrong with one row of an import.
pub const IMPORT_ROW_ERRORS_MAX: usize = 3;
/// Longest text in the result of one row of an import, in characters.
pub const IMPORT_RESULT_CHARS_MAX: usize = 160;
/// Accounts of an import that are written together.
pub const IMPORT_BATCH_ROWS_MAX: usize = 200;
/// Largest `attributes` of an account, as JSON.
pub const ATTRIBUTES_BYTES_MAX: usize = 64 * 1024;
/// Members that the `metadata` of an organization may have.
pub const METADATA_ITEMS_MAX: usize = 50;
/// Longest name of a member of `metadata`, in characters.
pub const METADATA_NAME_CHARS_MAX: usize = 40;
/// Longest value of a member of `metadata`, in characters.
pub const METADATA_VALUE_CHARS_MAX: usize = 600;
/// Longest address that a set-up link leads back to, in bytes.
pub const PORTAL_URL_BYTES_MAX: usize = 2_000;
/// How long a link into the portal is good, in milliseconds: five minutes, as with WorkOS.
pub const PORTAL_LINK_MS_MAX: i64 = 300_000;
/// Longest `Idempotency-Key`, in characters.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// How long an answer is kept for repeated requests, in milliseconds.
pub const IDEMPOTENT_ANSWER_MS_MAX: i64 = 24 * 60 * 60 * 1_000;
/// Largest answer that is kept for repeated requests. Only previews are larger, which change
/// nothing.
pub const IDEMPOTENT_ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Largest webhook body before decompression; what does not compress gets a little longer by it.
pub const HOOK_RAW_BYTES_MAX: usize = 2 * HOOK_BODY_BYTES_MAX;
/// Largest piece that is decompressed before the bound is looked at; it can become a thousand times
/// as much.
pub const HOOK_PIECE_BYTES_MAX: usize = 1024;
/// How far a webhook body over the bound is still read, so that its sender gets to see the answer.
pub const HOOK_DRAIN_BYTES_MAX: usize = 16 * HOOK_BODY_BYTES_MAX;
/// How long a webhook's sender may take for the body, in milliseconds.
pub const HOOK_READ_MS_MAX: u64 = 20_000;
/// Largest webhook body that is read before its token is looked up; nearly all are smaller.
pub const HOOK_STRANGER_BYTES_MAX: usize = 8 * 1024;
/// How long a webhook's body is waited for before its token is looked up, in milliseconds. It is
/// nearly always there with the head.
pub const HOOK_STRANGER_READ_MS: u64 = 10;
/// Hints read from one webhook body; more are one hint to look at everybody.
pub const HOOK_HINTS_MAX: usize = 100;
/// Longest employee number that a hint may carry; longer ones are a hint to look at everybody.
pub const EMPLOYEE_NUMBER_CHARS_MAX: usize = 200;

/// Jobs that may wait for the writer thread; more are refused (503).
pub const WRITER_QUEUE_MAX: usize = 4_096;
/// Jobs that one commit of the writer thread may carry.
pub const WRITER_BATCH_MAX: usize = 512;
/// Connections for reading, and on PostgreSQL for writing too.
pub const POOL_CONNECTIONS_MAX: u32 = 12;
/// Of these, connections that full syncs and cleaning have at the same time (S-46).
pub const BULK_CONNECTIONS_MAX: usize = 4;
/// Transactions of one process that may wait for long for the same organization on PostgreSQL, each
/// with a connection (S-46).
pub const ORGANIZATION_WAITING_MAX: usize = 6;
/// How long others wait for it before they are refused (503), in milliseconds.
pub const ORGANIZATION_WAIT_MS_MAX: u64 = 1_000;
/// Commits of the writer thread in a row that leave a waiting bulk job out because of urgent ones.
pub const WRITER_PASSES_MAX: usize = 24;
/// How long a bulk job waits after an urgent commit for the next urgent job, in microseconds
/// (S-46): the steps of one webhook follow each other so closely.
pub const WRITER_PAUSE_US: u64 = 6_000;
/// Bulk jobs of the writer thread after which SQLite's log is moved into the file beside it (S-46).
pub const CHECKPOINT_BULK_JOBS: usize = 8;
/// Pieces of small directories that are among the urgent jobs of the writer thread at the same time
/// (S-46).
pub const WRITER_SMALL_MAX: usize = 1;
/// How long a request waits for a connection, in milliseconds.
pub const POOL_WAIT_MS_MAX: u64 = 5_000;
/// How long a request waits for a connection while the database is known to be away, in
/// milliseconds (O-08).
pub const POOL_AWAY_WAIT_MS_MAX: u64 = 1_000;
/// How long `/readyz` waits for the database, in milliseconds (O-08).
pub const READY_MS_MAX: u64 = 800;
/// Bound values in one statement; longer lists are sent in chunks (SQLite takes 32,766).
pub const BIND_MAX: usize = 30_000;
/// Values in one `IN (…)` list.
pub const IN_LIST_MAX: usize = 5_000;

/// Shortest time between full syncs that a directory may be set to, in seconds.
pub const POLL_SECONDS_MIN: i64 = 60;
/// Longest time between full syncs that a directory may be set to, in seconds: a week.
pub const POLL_SECONDS_MAX: i64 = 604_800;
/// People that one transaction of a full sync applies, so that no webhook waits long behind it:
/// some 8 milliseconds on two shared cores (S-46).
pub const APPLY_BATCH_PEOPLE_MAX: usize = 8;
/// People who can pass their e-mails on in a circle within one full sync (S-24): they are applied
/// in one transaction, however many [`APPLY_BATCH_PEOPLE_MAX`] allows.
pub const CIRCLE_PEOPLE_MAX: usize = 200;
/// People of a disabled directory that one transaction clears away (L-08, S-46).
pub const PIECE_PEOPLE_MAX: usize = 10;
/// Rows that one transaction of work on many rows touches, so that nobody waits long behind it
/// (S-46).
pub const PIECE_ROWS_MAX: usize = 200;
/// Pieces of a full sync after which PostgreSQL is asked to look at tables that have grown.
pub const STATISTICS_PIECES: usize = 25;
/// People that may wait for a live look in one directory; more become one full sync (S-03).
pub const BURST_PEOPLE_MAX: usize = 20;
/// How long a starter of whom a webhook told is looked at again with every full sync, in
/// milliseconds, while the HR system does not know them: a day (S-03).
pub const STARTER_MS_MAX: i64 = 86_400_000;
/// Waiting hints of one directory; more are folded into one "look at everybody".
pub const INBOX_WAITING_MAX: i64 = 1_000;
/// How long claimed work stays claimed without a sign of life, in milliseconds.
pub const LEASE_MS_MAX: i64 = 15_000;
/// How often claimed work gives a sign of life, in milliseconds.
pub const LEASE_RENEW_MS: u64 = 5_000;
/// Looks of one HR system at the same time, in all processes (S-46).
pub const PROVIDER_LOOKS_MAX: usize = 200;
/// Directories that one claim of hints goes through until it finds one with room for a look.
pub const CLAIM_DIRECTORIES_MAX: usize = 50;
/// Full syncs of one HR system at the same time, in all processes (S-46).
pub const PROVIDER_RUNS_MAX: usize = 100;
/// Full syncs of one organization at the same time, in all processes; of one directory there is
/// never more than one (S-46).
pub const ORGANIZATION_RUNS_MAX: usize = 2;
/// Pieces of one kind of work (looks, full syncs) that one process has under way.
pub const PIECES_MAX: usize = 300;
/// How many full syncs that are due one claim goes through until it finds one that it may begin.
pub const CLAIM_RUNS_MAX: i64 = 50;

/// Longest text of one field that is kept, in characters.
pub const FIELD_CHARS_MAX: usize = 500;
/// Longest e-mail address, in bytes (RFC 5321).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Longest part of an e-mail address before the `@`, in bytes (RFC 5321).
pub const EMAIL_LOCAL_BYTES_MAX: usize = 64;
/// Largest single record in an HR system's list, without its very long texts; a larger one cannot
/// be read and costs its person only (S-16).
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Longest text in an HR system's answer that is looked at; a longer one (a photo) is left out
/// while the answer arrives.
pub const JSON_TEXT_BYTES_MAX: usize = 64 * 1024;
/// How deep lists and objects are looked at within a record that is too large to be held whole.
pub const JSON_DEPTH_MAX: usize = 128;
/// Longest name of a member that is looked at within such a record.
pub const JSON_NAME_BYTES_MAX: usize = 256;
/// How often one person's answer may fail before it is a row problem (S-42).
pub const PERSON_TRIES_MAX: i64 = 4;
/// Within which time two people and a third who was read well before have to fail for it to be an
/// outage, in milliseconds (S-42).
pub const OUTAGE_MS: i64 = 300_000;
/// Largest part of an HR system's answer around the list of records.
pub const ENVELOPE_BYTES_MAX: usize = 64 * 1024;
/// Largest answer of an HR system that is read whole (one person, a probe).
pub const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest list answer of an HR system, streamed (about 600,000 people).
pub const LIST_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Largest page of an HR system's list that comes in pages.
pub const PAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Pages of an HR system's list; a list that never ends must not be read for ever.
pub const LIST_PAGES_MAX: u32 = 20_000;
/// Times in a row that one page of a list may wait because the HR system asked to slow down in the
/// middle of it; each page that was read gives the next one all of them again (ADR 16).
pub const PAGE_THROTTLES_MAX: u32 = 3;
/// Longest part of an HR system's name for a call that is kept, in characters.
pub const REQUEST_ID_CHARS_MAX: usize = 64;
/// People in one directory.
pub const DIRECTORY_PEOPLE_MAX: usize = 1_000_000;
/// How long an HR system may take to connect, in milliseconds.
pub const PROVIDER_CONNECT_MS_MAX: u64 = 10_000;
/// How long an HR system may be silent in the middle of an answer, in milliseconds.
pub const PROVIDER_READ_MS_MAX: u64 = 120_000;
/// How long one answer about one person may take, in milliseconds.
pub const PROVIDER_FETCH_MS_MAX: u64 = 30_000;
/// How long a whole list of an HR system may take, in milliseconds; a list that drips in byte by
/// byte must not hold a worker for ever.
pub const PROVIDER_LIST_MS_MAX: u64 = 1_800_000;
/// How long to wait after an HR system said "too many calls", when it does not say how long.
pub const PROVIDER_THROTTLE_WAIT_MS: i64 = 60_000;
/// Longest wait that is taken from an HR system's `Retry-After`, in milliseconds.
pub const PROVIDER_RETRY_AFTER_MS_MAX: i64 = 3_600_000;

/// Items in one page of a list, and without a `limit` (wire contract §3).
pub const PAGE_ITEMS_MAX: i64 = 100;
/// Items in a page when the caller does not say.
pub const PAGE_ITEMS_DEFAULT: i64 = 10;
/// Days that events are kept.
pub const EVENT_DAYS_KEPT: i64 = 90;
/// Longest range of moments that one request for events may name, in milliseconds: 30 days (wire
/// contract §3).
pub const EVENT_RANGE_MS_MAX: i64 = 30 * 24 * 60 * 60 * 1_000;
/// Days that finished hints are kept, for "when did the hook come?".
pub const INBOX_DAYS_KEPT: i64 = 7;
/// Days that what was written down of changes of accounts is kept; two years, so that a yearly
/// audit sees all of its year.
pub const AUDIT_DAYS_KEPT: i64 = 730;
/// Days that what was written down of what people did is kept; two years, as changes of accounts.
pub const ACTION_DAYS_KEPT: i64 = 730;
/// Mails that one process sends at the same time, each to another domain (S-43).
pub const MAILS_AT_ONCE_MAX: usize = 8;
/// How long a mail server may take for one mail, in milliseconds.
pub const SMTP_MS_MAX: u64 = 30_000;
/// How long a mail server may take to say goodbye after it took a mail, in milliseconds.
pub const SMTP_QUIT_MS_MAX: u64 = 1_000;
/// Longest name (of an organization, a directory, a person) in a notice or mail, in characters.
pub const NOTICE_NAME_CHARS_MAX: usize = 120;
/// How long mails are tried before they count as undelivered, in milliseconds.
pub const MAIL_RETRY_MS_MAX: i64 = 3 * 24 * 60 * 60 * 1_000;
/// Longest wait that a receiver may ask for (`Retry-After`), in milliseconds.
pub const RETRY_AFTER_MS_MAX: i64 = 24 * 60 * 60 * 1_000;
/// Share by which a retry may come earlier or later, in percent.
pub const RETRY_JITTER_PERCENT: i64 = 20;
/// How much of a request the operating system takes in ahead of its being read; it doubles this.
/// The server library holds about as much in memory of each connection.
pub const CONNECTION_AHEAD_BYTES: u32 = 8 * 1024;
/// Connections that wait to be taken; more are refused by the operating system.
pub const CONNECTIONS_WAITING_MAX: u32 = 1_024;
/// Threads of each worker of the server that wait for the database; it has fewer connections.
pub const WEB_BLOCKING_THREADS_MAX: usize = 32;
/// How long the head of a request may take, in milliseconds.
pub const REQUEST_HEAD_MS_MAX: u64 = 5_000;
/// How long a connection is still read after an answer that ends it, in milliseconds, so that its
/// sender gets to see the answer.
pub const DISCONNECT_MS_MAX: u64 = 1_000;
/// How often the clock is looked at for jumps, in milliseconds.
pub const CLOCK_BEAT_MS: u64 = 60_000;
/// Longest step of the clock between two looks that is no jump, in milliseconds (O-06).
pub const CLOCK_STEP_MS_MAX: i64 = 600_000;
/// How long a clock that has jumped is not believed, in milliseconds: nothing is destroyed
/// meanwhile (O-06).
pub const CLOCK_DOUBT_MS: i64 = 3_600_000;
/// How often the database's clock puts the machine's right, in milliseconds.
pub const CLOCK_LOOK_MS: u64 = 10_000;
/// How long a stop waits for the database, and then for threads, in milliseconds.
pub const STOP_REST_MS_MAX: u64 = 1_500;
/// Shortest time that the setting for a stop may give, in seconds.
pub const STOP_SECONDS_MIN: u32 = 5;
/// Longest time that the setting for a stop may give, in seconds.
pub const STOP_SECONDS_MAX: u32 = 600;

/// Calls and hooks of the sandbox that can be looked up; older ones are forgotten.
pub const SANDBOX_LOG_ENTRIES_MAX: usize = 10_000;
/// Tokens of the sandbox HRworks that are good at the same time; older ones are forgotten.
pub const SANDBOX_TOKENS_MAX: usize = 1_000;
/// Answers that the sandbox HRworks keeps to give them again; older ones are forgotten.
pub const SANDBOX_CACHED_ANSWERS_MAX: usize = 256;
/// What the sandbox's pages remember to tell after a form; older ones are forgotten.
pub const SANDBOX_NOTES_MAX: usize = 200;
/// People whom the sandbox's pages offer as managers; others are named by their id.
pub const SANDBOX_MANAGERS_LISTED_MAX: usize = 2_000;

/// Looks of one organization at the same time, in all processes (S-46).
pub const LIVE_LOOKS_MAX: usize = 5;
/// Calls of each minute that full syncs leave to live looks (S-44).
pub const LIVE_CALLS_KEPT: i64 = 5;
/// How long no directory may hear of throttling before a shared pace ends, in milliseconds (S-44).
pub const SHARED_PACE_QUIET_MS: i64 = 600_000;
/// Tries after which an HR system that does not answer is a failure (S-45).
pub const TRIES_MAX: i64 = 4;
/// Longest time for which anything but a full sync's schedule waits, in milliseconds. What waits
/// longer was noted before the clock was set back.
pub const WAIT_MS_MAX: i64 = 3 * 60 * 60 * 1_000;
/// How many intervals may pass without a successful sync before the admins are told (S-41).
pub const SILENT_INTERVALS_MAX: i64 = 3;
/// How short a silence is never told, in milliseconds: until then a failure tells itself (S-45).
pub const SILENT_MS_MIN: i64 = 1_200_000;
/// How long a person waits whose date could not act because of a fault, in milliseconds.
pub const DATE_RETRY_MS: i64 = 600_000;
/// How long throttling may last before it is a failure, in milliseconds (S-45).
pub const THROTTLED_MS_MAX: i64 = 900_000;
/// Rows of one kind that one transaction of a sweep forgets at most, so that nobody waits long
/// behind it (S-46).
pub const PRUNE_ROWS_MAX: i64 = 500;
/// How long a worker that is not the first of its kind rests when nothing wakes it, in
/// milliseconds.
pub const SLOW_LOOK_MS: u64 = 5_000;
/// How long a PostgreSQL server may take to connect, in seconds.
pub const PG_CONNECT_SECONDS_MAX: u32 = 10;
/// How long what was sent to a PostgreSQL server may stay without a sign that it arrived, in
/// milliseconds.
pub const PG_SILENT_MS_MAX: u32 = 20_000;
/// How long after the expected next try the next one may begin before trouble is forgotten, in
/// milliseconds (S-45).
pub const TROUBLE_GAP_MS: i64 = 600_000;
/// The smallest call budget that works (S-44): the check of a key fits into a minute, and a list
/// leaves calls for questions about missing people.
pub const CALLS_PER_MINUTE_MIN: u32 = 6;
/// Calls that the check of a People HR key makes at most.
pub const CHECK_CALLS_MAX: u32 = 3;
/// Calls that the check of a key of Breathe HR or HRworks makes at most.
pub const PAGED_CHECK_CALLS_MAX: u32 = 5;
/// Employees in one page of Breathe HR's list, the most that it gives.
pub const BREATHE_PAGE_PEOPLE: u32 = 100;
/// How long a key pair waits for its permissions before it is deleted, in milliseconds (L-14).
pub const KEY_WAITS_MS_MAX: i64 = 86_400_000;
/// How often a full sync looks whether the permissions are there for which a key pair waits, in
/// milliseconds; a check costs calls.
pub const KEY_LOOK_MS: i64 = 600_000;
/// Shortest text that is taken for a key of an HR system, in characters.
pub const KEY_CHARS_MIN: usize = 8;
/// Longest text that is taken for a key of an HR system, in characters.
pub const KEY_CHARS_MAX: usize = 200;
/// Labels in a row that are taken away in front of a pasted key (L-11).
pub const KEY_LABELS_MAX: usize = 4;
/// Shortest key of Breathe HR: the prefix and 43 characters.
pub const BREATHE_KEY_CHARS_MIN: usize = 48;
/// Longest text that is taken for a key of Breathe HR.
pub const BREATHE_KEY_CHARS_MAX: usize = 200;
/// How long a token of HRworks is good at most, in milliseconds.
pub const HRWORKS_TOKEN_MS_MAX: i64 = 900_000;
/// How long before its end a token of HRworks is not used any more, in milliseconds.
pub const HRWORKS_TOKEN_SPARE_MS: i64 = 60_000;
/// Shortest access key or secret access key of HRworks.
pub const HRWORKS_KEY_CHARS_MIN: usize = 8;
/// Longest access key or secret access key of HRworks.
pub const HRWORKS_KEY_CHARS_MAX: usize = 200;
/// Tries to put a fresh SQLite file into WAL mode; each waits for the others.
pub const WAL_TRIES_MAX: usize = 10;
/// Tries to store a webhook after a deadlock, which costs a second each.
pub const TAKE_IN_TRIES_MAX: usize = 5;
/// Hints of one webhook address that are stored at the same time; more of them wait for each other
/// (S-46).
pub const HOOK_HINTS_AT_ONCE_MAX: usize = 200;
/// How long a webhook waits to be stored before its sender is told that it was not, in
/// milliseconds.
pub const TAKE_IN_MS_MAX: u64 = 10_000;
/// Tries to give a hint back while newer ones come in between.
pub const GIVE_BACK_TRIES_MAX: usize = 3;
/// The sliding window in which the guard counts people who lose access, in milliseconds (S-32).
pub const GUARD_WINDOW_MS: i64 = 3_600_000;
/// How far apart two complete lists are that together stand in for the question whether somebody is
/// gone, where the key may not ask it, in milliseconds (L-13).
pub const ABSENCE_BY_LISTS_MS: i64 = 3_600_000;
/// How long a hold that was opened waits at most until the admins are told, in milliseconds.
/// Whoever opens one tells them at the end of its work; this is for work that does not come to its
/// end.
pub const HOLD_NOTICE_MS_MAX: i64 = 600_000;
/// How long a full sync asks about missing people before it applies its list, in milliseconds; the
/// rest is asked afterwards (S-31).
pub const QUESTIONS_FIRST_MS_MAX: i64 = 10_000;
/// How long questions about missing people of one directory are asked in one go, in milliseconds.
pub const QUESTIONS_MS_MAX: i64 = 60_000;
/// Missing people of one directory who are asked about in one go.
pub const QUESTIONS_PEOPLE_MAX: i64 = 200;
/// Questions in a row without an answer until somebody known is asked about, to tell whether it is
/// everybody (S-31).
pub const QUESTIONS_FAILED_MAX: usize = 3;
/// How long somebody is missing without an answer until the admins are told, in milliseconds: a day
/// (S-31).
pub const UNCONFIRMED_MS: i64 = 86_400_000;
/// Missing people without an answer who are listed by name (S-31).
pub const UNCONFIRMED_PEOPLE_MAX: i64 = 200;
/// Longest URL of an endpoint, in bytes.
pub const ENDPOINT_URL_BYTES_MAX: usize = 2_048;
/// How long an endpoint may take until a connection to it is there, in milliseconds: looking up
/// its name, TCP and TLS.
pub const ENDPOINT_CONNECT_MS_MAX: u64 = 5_000;
/// How long an endpoint may take to answer, in milliseconds, connecting included.
pub const ENDPOINT_ANSWER_MS_MAX: u64 = 15_000;
/// How much of the body of an endpoint's answer is read before the connection is closed.
pub const ENDPOINT_DRAIN_BYTES_MAX: usize = 64 * 1024;
/// How long that body is read, in milliseconds; the answer counts from its first line.
pub const ENDPOINT_DRAIN_MS_MAX: u64 = 1_000;
/// Different deliveries that an endpoint refuses in a row before it is paused.
pub const ENDPOINT_FAILURES_MAX: i64 = 5;
/// The first pause of an endpoint that refuses everything, in milliseconds; then it doubles.
pub const ENDPOINT_PAUSE_MS_MIN: i64 = 5_000;
/// The longest pause of an endpoint that refuses everything, in milliseconds.
pub const ENDPOINT_PAUSE_MS_MAX: i64 = 300_000;
/// How long an endpoint may do nothing but fail before it is disabled, in milliseconds: five days.
pub const ENDPOINT_FAILING_MS_MAX: i64 = 432_000_000;
/// Refused attempts after which the end of somebody's access goes past an earlier event of theirs
///
pub const OVERTAKEN_AFTER_ATTEMPTS: i64 = 2;
/// How long a barrier or an event of a person may be refused before the end of access goes past it,
/// in milliseconds.
pub const REFUSED_MS_MAX: i64 = 300_000;
/// Open deliveries that are looked through for an end of access when an endpoint gets one at a
/// time.
pub const PROBE_LOOK_MAX: usize = 5_000;
/// Ends of access that have overtaken at one endpoint, of people who are not active again. Beyond
/// it the end of access waits its turn.
pub const OVERTAKERS_MAX: usize = 10_000;
/// Deliveries on their way to one endpoint at the same time, in all processes together.
pub const ENDPOINT_SENDING_MAX: usize = 8;
/// Of these, retries at most, so that a first attempt never waits for many of them.
pub const ENDPOINT_RETRYING_MAX: usize = 4;
/// Events for which one transaction writes deliveries.
pub const DISPATCH_EVENTS_MAX: i64 = 500;
/// Open deliveries of an endpoint that are read at once.
pub const OPEN_DELIVERIES_READ: i64 = 1_000;
/// Deliveries of an endpoint, of each kind, that are held in memory until they are sent.
pub const DELIVERIES_READY_MAX: usize = 32;
/// Organizations that are told that an endpoint was disabled; the log tells of all.
pub const ENDPOINT_NOTICES_MAX: i64 = 1_000;
/// How long deliveries that were made are kept, in days. Dead ones are kept as long as their event.
pub const DELIVERY_DAYS_KEPT: i64 = 30;
/// How long a delivery may wait for its next attempt, in milliseconds: the longest step of the
/// schedule and its jitter. What waits longer was noted before the clock was set back.
pub const DELIVERY_WAIT_MS_MAX: i64 = 104_000_000;
/// How long the deliverer rests when nothing wakes it, in milliseconds.
pub const DELIVERY_LOOK_MS: u64 = 500;
/// How long an endpoint rests after a fault of our own, in milliseconds.
pub const DELIVERY_REST_MS: i64 = 1_000;
/// Endpoints that there may be.
pub const ENDPOINTS_MAX: i64 = 200;
/// Secrets of one endpoint that may sign at the same time.
pub const ENDPOINT_SECRETS_MAX: usize = 5;
/// How long an older secret goes on signing after a rotation, in seconds, when nothing is said: a
/// day.
pub const SECRET_OVERLAP_SECONDS: i64 = 86_400;
/// How long an older secret may go on signing after a rotation, in seconds: a week.
pub const SECRET_OVERLAP_SECONDS_MAX: i64 = 604_800;
/// Events that one request may have delivered again.
pub const REPLAY_EVENTS_MAX: usize = 10_000;
/// Events that one request may name to have them delivered again.
pub const REPLAY_IDS_MAX: usize = 1_000;
/// Events of a replay that one transaction writes.
pub const REPLAY_BATCH_EVENTS_MAX: usize = 500;
/// Things of one kind that are named in a problem; of more the first are.
pub const NAMED_IN_PROBLEM_MAX: usize = 20;
/// Longest name of the caller's that is repeated in a problem, in characters.
pub const NAME_IN_PROBLEM_CHARS_MAX: usize = 100;
/// Longest text of a problem that repeats a value of the caller's, in characters.
pub const TEXT_IN_PROBLEM_CHARS_MAX: usize = 500;

/// How long a visit to the portal or the operator's pages lasts in which nothing is done, in
/// milliseconds.
pub const PORTAL_IDLE_MS_MAX: i64 = 1_800_000;
/// How long a visit to the portal or the operator's pages lasts at most, in milliseconds.
pub const PORTAL_SESSION_MS_MAX: i64 = 43_200_000;
/// How exactly the last use of a visit to the portal is noted, in milliseconds; less would be a
/// write for every page.
pub const PORTAL_TOUCH_MS: i64 = 60_000;
/// How long a link works that an admin asked for by mail, in milliseconds.
pub const PORTAL_MAIL_LINK_MS_MAX: i64 = 1_800_000;
/// Links that one admin is sent by mail within an hour.
pub const PORTAL_MAIL_LINKS_MAX: i64 = 5;
/// How long links into the portal and visits to it are kept after their end, in milliseconds; the
/// links of the last hour are counted.
pub const PORTAL_ENDED_MS_KEPT: i64 = 86_400_000;
/// Largest form of the portal; a decision may name thousands of people.
pub const PORTAL_FORM_BYTES_MAX: usize = 1024 * 1024;
/// How long the form of a visitor of the portal may take, in milliseconds.
pub const PORTAL_FORM_READ_MS_MAX: u64 = 60_000;
/// Largest form of somebody who is not signed in (O-08).
pub const STRANGER_FORM_BYTES_MAX: usize = 16 * 1024;
/// How long the form of somebody who is not signed in may take, in milliseconds (O-08).
pub const STRANGER_FORM_READ_MS_MAX: u64 = 10_000;
/// Forms of people who are not signed in that are read at the same time; one more ends the one that
/// has taken longest (O-08).
pub const STRANGER_FORMS_MAX: usize = 64;
/// People that the portal names in one list of a preview; the counts are complete.
pub const PORTAL_PREVIEW_NAMES_MAX: usize = 200;
/// Items in one page of a list in the portal and the operator's pages.
pub const PORTAL_PAGE_ITEMS: i64 = 50;
/// Bytes of a name that people are found by; the rest of a longer one is not looked at.
pub const SEARCH_TEXT_BYTES_MAX: usize = 200;
/// Latest changes that the portal shows live.
pub const PORTAL_FEED_ITEMS: i64 = 10;
/// Full syncs that the portal's chart shows.
pub const PORTAL_CHART_RUNS: i64 = 30;
/// Records to correct in one download of the portal.
pub const PORTAL_CSV_ROWS_MAX: usize = 100_000;

/// Employed people who are known from whom on a full sync looks whether it finds them again (L-10).
pub const COMPANY_PEOPLE_MIN: usize = 5;

/// Wrong API keys from one address within `KEY_TRIES_MS` that are only refused; more are told to
/// wait.
pub const KEY_TRIES_MAX: u32 = 10;
/// How long wrong keys are counted, in milliseconds, and how long an address then waits.
pub const KEY_TRIES_MS: i64 = 60_000;
/// Addresses whose wrong keys are counted apart at the same time; all others are counted together.
pub const KEY_TRIES_ADDRESSES_MAX: usize = 10_000;
/// API keys that are looked up at the same time for all addresses that are told to wait.
pub const KEY_TRIES_LOOKED_UP_MAX: usize = 2;
/// How far the operator's pages count rows; of more they say that there are more.
pub const OPERATOR_COUNT_MAX: i64 = 10_000;
/// Things of one kind that the operator's first page names.
pub const OPERATOR_NAMED_ITEMS: i64 = 10;
/// How long a mail that was given up, or a delivery, is told on the operator's first page, in
/// milliseconds: a day.
pub const OPERATOR_TOLD_MS: i64 = 86_400_000;
/// How long work may wait that is done within seconds before the operator's first page says that it
/// stands still, in milliseconds.
pub const OPERATOR_STUCK_MS: i64 = 900_000;
