//! Pages of lists: which part of a list a caller asks for, and how a query is cut to it.
//!
//! Lists are sorted by id, and ids sort by creation, so a cursor is simply the id of an item: it
//! stays good when that item is deleted (wire contract §3). `desc` shows the newest first, `asc`
//! the oldest. `normal` is `desc` with the meaning of the two cursors exchanged, as WorkOS has it.
//!
//! What this module must not do: know any table. Table files use `load_page!`.

use crate::limits;
use crate::text_enum;

text_enum! {
    /// In which order a list is shown.
    Order {
        /// Newest first.
        Desc = "desc",
        /// Oldest first.
        Asc = "asc",
        /// Newest first; `before` fetches older items and `after` newer ones.
        Normal = "normal",
    }
}

/// The part of a list that a caller asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many items; 1 to `limits::PAGE_ITEMS_MAX`.
    pub limit: i64,
    /// Only items that come after this id.
    pub after: Option<String>,
    /// Only items that come before this id, and of those the nearest.
    pub before: Option<String>,
    /// The order of the list.
    pub order: Order,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { limit: limits::PAGE_ITEMS_DEFAULT, after: None, before: None, order: Order::Desc }
    }
}

/// A part of a list, with the cursors that lead on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the order that was asked for.
    pub items: Vec<T>,
    /// Where the items before these are, if there are any.
    pub before: Option<String>,
    /// Where the items after these are, if there are any.
    pub after: Option<String>,
}

impl<T> Page<T> {
    /// The same page with each item changed.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            before: self.before,
            after: self.after,
        }
    }
}

/// How a query is cut: bounds on the id, the direction in which the database reads, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    /// Ids greater than this.
    pub(crate) above: Option<String>,
    /// Ids smaller than this.
    pub(crate) below: Option<String>,
    /// Whether the smallest ids are read first.
    pub(crate) ascending: bool,
    /// One more than the page holds, to see whether more follow.
    pub(crate) limit: i64,
    /// Whether the rows come in the opposite of the order that was asked for.
    reversed: bool,
}

impl PageRequest {
    /// The cursors in the plain meaning: `(after, before)`.
    fn cursors(&self) -> (Option<&String>, Option<&String>) {
        match self.order {
            Order::Normal => (self.before.as_ref(), self.after.as_ref()),
            Order::Asc | Order::Desc => (self.after.as_ref(), self.before.as_ref()),
        }
    }

    /// The cursors by what they mean for the ids: `(above, below)`. Items have greater ids than the
    /// first and smaller ones than the second.
    #[must_use]
    pub fn bounds(&self) -> (Option<&str>, Option<&str>) {
        let (after, before) = self.cursors();
        let (above, below) =
            if self.order == Order::Asc { (after, before) } else { (before, after) };
        (above.map(String::as_str), below.map(String::as_str))
    }

    /// The cut for the items themselves.
    pub(crate) fn window(&self) -> Window {
        let (after, before) = self.cursors();
        let oldest_first = self.order == Order::Asc;
        // Nearest before a cursor: read away from it, then turn the rows round.
        let reversed = before.is_some() && after.is_none();
        let (above, below) = self.bounds();
        Window {
            above: above.map(str::to_owned),
            below: below.map(str::to_owned),
            ascending: oldest_first != reversed,
            limit: self.limit.saturating_add(1),
            reversed,
        }
    }

    /// The cut that shows whether anything lies behind the place where reading began, which is only
    /// in question when there is a cursor. `first` is the id of the first row that was read.
    pub(crate) fn behind(&self, first: Option<&str>) -> Option<Window> {
        let main = self.window();
        let edge = first?.to_owned();
        if main.above.is_none() && main.below.is_none() {
            return None;
        }
        let (above, below) = if main.ascending { (None, Some(edge)) } else { (Some(edge), None) };
        Some(Window { above, below, ascending: main.ascending, limit: 1, reversed: false })
    }

    /// Makes the page from the rows of [`PageRequest::window`].
    pub(crate) fn finish<T>(
        &self,
        mut rows: Vec<T>,
        anything_behind: bool,
        id: impl Fn(&T) -> &str,
    ) -> Page<T> {
        let size = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let reversed = self.window().reversed;
        if reversed {
            rows.reverse();
        }
        let (precede, follow) =
            if reversed { (more, anything_behind) } else { (anything_behind, more) };
        let before = rows.first().filter(|_| precede).map(|row| id(row).to_owned());
        let after = rows.last().filter(|_| follow).map(|row| id(row).to_owned());
        match self.order {
            Order::Normal => Page { items: rows, before: after, after: before },
            Order::Asc | Order::Desc => Page { items: rows, before, after },
        }
    }
}

/// Loads a page. `$query` is a boxed query without order and limit; it is evaluated once per
/// statement. `$id` is the id column, `$key` reads the id of a row. Where the column has numbers,
/// `$stored` makes one of the text of a cursor.
macro_rules! load_page {
    ($conn:expr, $request:expr, $id:expr, $key:expr, $query:expr) => {
        $crate::db::page::load_page!($conn, $request, $id, $key, $query, std::convert::identity)
    };
    ($conn:expr, $request:expr, $id:expr, $key:expr, $query:expr, $stored:expr) => {{
        let request: &$crate::db::page::PageRequest = $request;
        let mut rows = Vec::new();
        $crate::db::page::load_window!($conn, request.window(), $id, $query, $stored, rows);
        let behind = match request.behind(rows.first().map($key)) {
            None => false,
            Some(window) => {
                let mut behind = Vec::new();
                $crate::db::page::load_window!($conn, window, $id, $query, $stored, behind);
                // The rows themselves are of no interest here; this only gives them their type.
                let count: usize = behind.iter().map($key).count();
                count > 0
            }
        };
        request.finish(rows, behind, $key)
    }};
}
pub(crate) use load_page;

/// Loads the rows of one window; a part of `load_page!`.
macro_rules! load_window {
    ($conn:expr, $window:expr, $id:expr, $query:expr, $stored:expr, $rows:ident) => {{
        let window: $crate::db::page::Window = $window;
        $rows.extend($crate::db::conn::on_backend!($conn, |c| {
            let mut query = $query;
            if let Some(above) = window.above {
                query = query.filter($id.gt($stored(above)));
            }
            if let Some(below) = window.below {
                query = query.filter($id.lt($stored(below)));
            }
            let query =
                if window.ascending { query.order($id.asc()) } else { query.order($id.desc()) };
            query.limit(window.limit).load(c)
        })?);
    }};
}
pub(crate) use load_window;

#[cfg(test)]
mod tests {
    use super::*;

    /// What a database would answer from these ids.
    fn answer(ids: &[&'static str], window: &Window) -> Vec<&'static str> {
        let mut rows: Vec<_> = ids
            .iter()
            .copied()
            .filter(|id| window.above.as_deref().is_none_or(|above| *id > above))
            .filter(|id| window.below.as_deref().is_none_or(|below| *id < below))
            .collect();
        rows.sort_unstable();
        if !window.ascending {
            rows.reverse();
        }
        rows.truncate(usize::try_from(window.limit).unwrap());
        rows
    }

    fn page(ids: &[&'static str], request: &PageRequest) -> Page<&'static str> {
        let rows = answer(ids, &request.window());
        let behind = request
            .behind(rows.first().copied())
            .is_some_and(|window| !answer(ids, &window).is_empty());
        request.finish(rows, behind, |id| id)
    }

    fn request(order: Order, after: Option<&str>, before: Option<&str>) -> PageRequest {
        PageRequest {
            limit: 2,
            after: after.map(str::to_owned),
            before: before.map(str::to_owned),
            order,
        }
    }

    const IDS: &[&str] = &["1", "2", "3", "4", "5"];

    #[test]
    fn the_newest_come_first_and_the_cursors_lead_on() {
        let first = page(IDS, &request(Order::Desc, None, None));
        assert_eq!(first.items, ["5", "4"]);
        assert_eq!((first.before, first.after), (None, Some("4".to_owned())));
        let second = page(IDS, &request(Order::Desc, Some("4"), None));
        assert_eq!(second.items, ["3", "2"]);
        assert_eq!((second.before.as_deref(), second.after.as_deref()), (Some("3"), Some("2")));
        let last = page(IDS, &request(Order::Desc, Some("2"), None));
        assert_eq!(last.items, ["1"]);
        assert_eq!((last.before.as_deref(), last.after), (Some("1"), None));
    }

    #[test]
    fn before_gives_the_nearest_in_the_order_asked_for() {
        let desc = page(IDS, &request(Order::Desc, None, Some("2")));
        assert_eq!(desc.items, ["4", "3"]);
        assert_eq!((desc.before.as_deref(), desc.after.as_deref()), (Some("4"), Some("3")));
        let asc = page(IDS, &request(Order::Asc, None, Some("3")));
        assert_eq!(asc.items, ["1", "2"]);
        assert_eq!((asc.before, asc.after.as_deref()), (None, Some("2")));
    }

    #[test]
    fn normal_exchanges_the_cursors() {
        let first = page(IDS, &request(Order::Normal, None, None));
        assert_eq!(first.items, ["5", "4"]);
        assert_eq!((first.before.as_deref(), first.after), (Some("4"), None));
        let older = page(IDS, &request(Order::Normal, None, Some("4")));
        assert_eq!(older.items, ["3", "2"]);
        assert_eq!((older.before.as_deref(), older.after.as_deref()), (Some("2"), Some("3")));
    }

    #[test]
    fn a_cursor_outlives_its_item() {
        let rest = page(&["1", "2"], &request(Order::Desc, Some("3"), None));
        assert_eq!(rest.items, ["2", "1"]);
        assert_eq!((rest.before, rest.after), (None, None));
    }

    #[test]
    fn both_cursors_cut_on_both_sides() {
        let middle = page(IDS, &request(Order::Asc, Some("1"), Some("4")));
        assert_eq!(middle.items, ["2", "3"]);
    }
}
