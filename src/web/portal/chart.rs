//! A small chart of the latest full syncs: a bar each, as high as what it changed.

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::db::runs::Run;
use crate::domain::directory::{RunCounts, RunState};
use crate::domain::notice::moment_text;
use crate::limits;
use crate::texts::{Text, text};

/// The chart, in units of its own picture: 64 high, ten wide for each bar, the newest at the right.
pub struct Chart {
    /// How wide it is.
    pub width: usize,
    /// How wide a bar is.
    pub bar_width: usize,
    /// The bars, the oldest first.
    pub bars: Vec<Bar>,
    /// What it shows, in a sentence.
    pub words: Text,
}

/// One full sync.
pub struct Bar {
    /// How it looks: nothing, `none` or `bad`.
    pub tone: &'static str,
    /// Where it begins.
    pub x: usize,
    /// Where its top is.
    pub y: u64,
    /// How high it is.
    pub height: u64,
    /// What it shows, in words.
    pub words: Text,
}

/// How high the picture is.
const HEIGHT: u64 = 64;
/// How wide a bar with its gap is.
const STEP: usize = 10;

/// How many people a full sync changed something for.
#[must_use]
pub fn changed(counts: &RunCounts) -> u64 {
    [counts.created, counts.linked, counts.updated, counts.deactivated]
        .into_iter()
        .fold(0, u64::saturating_add)
}

impl Chart {
    /// The chart of these runs, the newest first; nothing for fewer than two.
    #[must_use]
    pub fn of(runs: &[Run], now: Timestamp, zone: &TimeZone) -> Option<Self> {
        let ended: Vec<&Run> = runs.iter().rev().filter(|run| !gave_way(run)).collect();
        if ended.len() < 2 {
            return None;
        }
        let most = ended.iter().map(|run| changed(&run.counts.0)).max().unwrap_or(0).max(1);
        // There is room for all that may come, so that a bar is the same width in each chart.
        let room = usize::try_from(limits::PORTAL_CHART_RUNS).unwrap_or(0).max(ended.len());
        let free = room.saturating_sub(ended.len());
        let bar = |(index, run): (usize, &&Run)| {
            let changes = changed(&run.counts.0);
            let failed = run.state == RunState::Failed;
            let height = match (failed, changes) {
                (true, _) => HEIGHT / 4,
                (false, 0) => 2,
                (false, some) => (some.saturating_mul(HEIGHT) / most).max(6),
            };
            let at = moment_text(run.finished_at_ms.unwrap_or(now), zone);
            let words = match (failed, changes) {
                (true, _) => text("portal-bar-failed").with("when", at),
                (false, 0) => text("portal-bar-nothing").with("when", at),
                (false, some) => text("portal-bar-changed").with("when", at).with("count", some),
            };
            Bar {
                tone: if failed {
                    "bad"
                } else if changes == 0 {
                    "none"
                } else {
                    ""
                },
                x: index.saturating_add(free).saturating_mul(STEP),
                y: HEIGHT.saturating_sub(height),
                height,
                words,
            }
        };
        let failed = ended.iter().filter(|run| run.state == RunState::Failed).count();
        let all = ended.iter().map(|run| changed(&run.counts.0)).fold(0, u64::saturating_add);
        Some(Self {
            width: room.saturating_mul(STEP),
            bar_width: STEP.saturating_sub(2),
            words: text("portal-chart")
                .with("runs", ended.len())
                .with("changes", all)
                .with("failed", failed),
            bars: ended.iter().enumerate().map(bar).collect(),
        })
    }
}

/// Whether a run ended because another took its place.
#[must_use]
pub fn gave_way(run: &Run) -> bool {
    run.state == RunState::Failed && run.error_class.is_none()
}
