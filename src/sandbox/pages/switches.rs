//! Fault switches in plain words: a table says what each is called and does, this shows and reads.
//!
//! Works on the switches as JSON, which is what the control route takes, so that a page can set
//! what a program can and nothing else. Invariant: what a form does not name stays as it is, but
//! for boxes, which browsers do not send when they are empty. Must not know an HR system.

use serde_json::{Value, json};

use super::form::Form;

/// Switches that belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub title: &'static str,
    pub switches: &'static [Switch],
}

/// One switch.
#[derive(Debug)]
pub(super) struct Switch {
    /// Where it stands in the JSON, as in `hooks.doubled`; also the name of its field.
    pub path: &'static str,
    pub label: &'static str,
    /// What it does, in a sentence.
    pub what: &'static str,
    pub kind: Kind,
}

/// A value as JSON, and what it is called.
pub(super) type Named = (&'static str, &'static str);

/// What can be set.
#[derive(Debug)]
pub(super) enum Kind {
    Toggle,
    Whole {
        min: i64,
        max: i64,
    },
    /// A whole number, or nothing, which means this.
    WholeOrNone {
        min: i64,
        max: i64,
        none: &'static str,
    },
    Choice(&'static [Named]),
    /// An answer instead of the right one, or none.
    Odd(&'static [Named]),
    /// So many of the next answers, and which.
    Next(&'static [Named]),
    Text,
    /// Texts, one in each line.
    Lines,
}

/// How a GUID can be written.
pub(super) const KEY_SPELLINGS: &[Named] = &[
    ("\"usual\"", "As documented"),
    ("\"upper\"", "In upper case"),
    ("\"braces\"", "In braces"),
    ("\"no_hyphens\"", "Without hyphens"),
    ("\"zeros\"", "Not set: zeros in braces"),
    ("\"empty\"", "Not set: an empty text"),
    ("\"null\"", "Not set: null"),
];

/// A value that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub path: &'static str,
    pub label: &'static str,
    pub problem: String,
}

/// A group to show.
pub(super) struct GroupView {
    pub title: &'static str,
    pub switches: Vec<SwitchView>,
}

/// A switch to show.
pub(super) struct SwitchView {
    pub name: &'static str,
    pub label: &'static str,
    pub what: &'static str,
    /// It is not as usual.
    pub differs: bool,
    pub control: Control,
}

/// What a browser shows.
pub(super) enum Control {
    Toggle { on: bool },
    Number { value: String, min: i64, max: i64, none: &'static str },
    Choice { options: Vec<OptionView> },
    Next { count: String, options: Vec<OptionView> },
    Text { value: String },
    Lines { value: String },
}

/// An option to show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OptionView {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// How many answers the next ones can be.
const NEXT_MAX: i64 = 1_000;

impl Switch {
    fn pointer(&self) -> String {
        format!("/{}", self.path.replace('.', "/"))
    }

    fn of<'a>(&self, faults: &'a Value) -> &'a Value {
        faults.pointer(&self.pointer()).unwrap_or(&Value::Null)
    }

    fn wrong(&self, problem: impl Into<String>) -> Wrong {
        Wrong { path: self.path, label: self.label, problem: problem.into() }
    }

    fn view(&self, current: &Value, normal: &Value) -> SwitchView {
        let value = self.of(current);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let number = |value: &Value| value.as_i64().map_or(String::new(), |n| n.to_string());
        let control = match self.kind {
            Kind::Toggle => Control::Toggle { on: value == &Value::Bool(true) },
            Kind::Whole { min, max } => {
                Control::Number { value: number(value), min, max, none: "" }
            }
            Kind::WholeOrNone { min, max, none } => {
                Control::Number { value: number(value), min, max, none }
            }
            Kind::Choice(known) => Control::Choice { options: options(known, value) },
            Kind::Odd(known) => {
                let mut options = options(known, value);
                let (value, label, chosen) =
                    ("null".into(), "The right one".into(), value.is_null());
                options.insert(0, OptionView { value, label, chosen });
                Control::Choice { options }
            }
            Kind::Next(known) => Control::Next {
                count: number(value.get("count").unwrap_or(&Value::Null)),
                options: options(known, value.get("answer").unwrap_or(&Value::Null)),
            },
            Kind::Text => Control::Text { value: text(value) },
            Kind::Lines => {
                let lines = value.as_array().into_iter().flatten().map(text);
                Control::Lines { value: lines.collect::<Vec<_>>().join("\n") }
            }
        };
        let differs = value != self.of(normal);
        SwitchView { name: self.path, label: self.label, what: self.what, differs, control }
    }

    /// What a form sets the switch to; none when it does not name it.
    fn read(&self, current: &Value, form: &Form) -> Result<Option<Value>, Wrong> {
        let given = form.given(self.path);
        let text = given.unwrap_or_default();
        let read = match self.kind {
            Kind::Toggle => Value::Bool(form.ticked(self.path)),
            _ if given.is_none() => return Ok(None),
            Kind::WholeOrNone { .. } if text.trim().is_empty() => Value::Null,
            Kind::Whole { min, max } | Kind::WholeOrNone { min, max, .. } => {
                self.whole(text, min, max)?
            }
            Kind::Odd(_) if text == "null" => Value::Null,
            Kind::Choice(known) | Kind::Odd(known) => self.choice(known, text, self.of(current))?,
            Kind::Next(known) => {
                let count = form.text(&format!("{}.count", self.path)).trim().to_owned();
                if matches!(count.as_str(), "" | "0") {
                    return Ok(Some(Value::Null));
                }
                let count = self.whole(&count, 0, NEXT_MAX)?;
                let now = self.of(current).get("answer").unwrap_or(&Value::Null);
                json!({ "count": count, "answer": self.choice(known, text, now)? })
            }
            Kind::Text => Value::from(text),
            Kind::Lines => {
                text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Value>()
            }
        };
        Ok(Some(read))
    }

    fn whole(&self, text: &str, min: i64, max: i64) -> Result<Value, Wrong> {
        let number = text.trim().parse().ok().filter(|number| (min..=max).contains(number));
        let problem = || self.wrong(format!("must be a whole number from {min} to {max}"));
        number.map(|number: i64| Value::from(number)).ok_or_else(problem)
    }

    fn choice(&self, known: &[Named], text: &str, now: &Value) -> Result<Value, Wrong> {
        let chosen = serde_json::from_str(text).unwrap_or(Value::from(text));
        let there = known.iter().any(|(value, _)| parsed(value) == chosen) || &chosen == now;
        if there { Ok(chosen) } else { Err(self.wrong("choose one of the list")) }
    }
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

/// The options with the present one chosen, which is added when a program has set another.
fn options(known: &[Named], now: &Value) -> Vec<OptionView> {
    let view = |(value, label): &Named| {
        let (value, label) = ((*value).to_owned(), (*label).to_owned());
        OptionView { chosen: parsed(&value) == *now, value, label }
    };
    let mut views: Vec<OptionView> = known.iter().map(view).collect();
    if !now.is_null() && !views.iter().any(|option| option.chosen) {
        let value = now.to_string();
        let label = format!("as a program has set it: {value}");
        views.push(OptionView { value, label, chosen: true });
    }
    views
}

/// All switches, to show.
pub(super) fn views(groups: &[Group], current: &Value, normal: &Value) -> Vec<GroupView> {
    let group = |group: &Group| GroupView {
        title: group.title,
        switches: group.switches.iter().map(|switch| switch.view(current, normal)).collect(),
    };
    groups.iter().map(group).collect()
}

/// The names of the switches that are not as usual.
pub(super) fn differing(
    groups: &'static [Group],
    current: &Value,
    normal: &Value,
) -> Vec<&'static str> {
    let all = groups.iter().flat_map(|group| group.switches);
    let differing = all.filter(|switch| switch.of(current) != switch.of(normal));
    differing.map(|switch| switch.label).collect()
}

/// The switches as a form wants them.
pub(super) fn read(groups: &[Group], current: &Value, form: &Form) -> Result<Value, Wrong> {
    let mut wanted = current.clone();
    for switch in groups.iter().flat_map(|group| group.switches) {
        let read = switch.read(current, form)?;
        if let (Some(value), Some(place)) = (read, wanted.pointer_mut(&switch.pointer())) {
            *place = value;
        }
    }
    Ok(wanted)
}

#[cfg(test)]
pub(super) mod tests {
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::*;

    /// Asserts that a table names every switch there is and no other, and that every option of it
    /// can be set.
    pub(in super::super) fn assert_complete<F>(groups: &[Group])
    where
        F: Default + Serialize + DeserializeOwned,
    {
        let normal = serde_json::to_value(F::default()).unwrap();
        let mut there = Vec::new();
        leaves("", &normal, &mut there);
        let switches = || groups.iter().flat_map(|group| group.switches);
        let mut named: Vec<String> = switches().map(|switch| switch.path.to_owned()).collect();
        there.sort();
        named.sort();
        assert_eq!(there, named);
        for switch in switches() {
            assert!(switch.what.ends_with('.'), "{}", switch.path);
            let set = |value: Value| {
                let mut faults = normal.clone();
                *faults.pointer_mut(&switch.pointer()).unwrap() = value.clone();
                let taken: F = serde_json::from_value(faults).unwrap();
                let taken = serde_json::to_value(taken).unwrap();
                assert_eq!(switch.of(&taken), &value, "{}", switch.path);
            };
            match switch.kind {
                Kind::Toggle => set(json!(true)),
                Kind::Whole { min, max } | Kind::WholeOrNone { min, max, .. } => {
                    set(json!(min));
                    set(json!(max));
                }
                Kind::Choice(known) | Kind::Odd(known) => {
                    for (value, _) in known {
                        set(parsed(value));
                    }
                }
                Kind::Next(known) => {
                    for (value, _) in known {
                        set(json!({"count": 2, "answer": parsed(value)}));
                    }
                }
                Kind::Text => set(json!("x")),
                Kind::Lines => set(json!(["x", "y"])),
            }
        }
    }

    fn leaves(path: &str, value: &Value, found: &mut Vec<String>) {
        let Some(object) = value.as_object() else {
            found.push(path.to_owned());
            return;
        };
        for (name, value) in object {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            leaves(&path, value, found);
        }
    }

    const fn switch(path: &'static str, kind: Kind) -> Switch {
        Switch { path, label: "Label", what: "What.", kind }
    }

    const ANSWERS: &[Named] = &[("\"a\"", "A"), ("{\"b\":1}", "B")];
    const GROUPS: &[Group] = &[Group {
        title: "Group",
        switches: &[
            switch("on", Kind::Toggle),
            switch("deep.count", Kind::Whole { min: 0, max: 9 }),
            switch("limit", Kind::WholeOrNone { min: 1, max: 9, none: "none" }),
            switch("which", Kind::Choice(ANSWERS)),
            switch("next", Kind::Next(ANSWERS)),
            switch("lines", Kind::Lines),
        ],
    }];

    fn current() -> Value {
        json!({"on": true, "deep": {"count": 3}, "limit": 5, "which": {"c": 2}, "next": null,
            "lines": []})
    }

    #[test]
    fn a_form_sets_what_it_names_and_boxes() {
        let read = |form: &str| read(GROUPS, &current(), &Form::read(form.as_bytes()));
        let mut expected = current();
        expected["on"] = json!(false);
        assert_eq!(read("").unwrap(), expected);
        let form = "on=on&deep.count=9&limit=&which=%7B%22b%22%3A1%7D&next=%22a%22&next.count=2\
                    &lines=x%0D%0A%0D%0A+y";
        let expected = json!({"on": true, "deep": {"count": 9}, "limit": null, "which": {"b": 1},
            "next": {"count": 2, "answer": "a"}, "lines": ["x", "y"]});
        assert_eq!(read(form).unwrap(), expected);
        // What a program has set stays when the form sends it back.
        assert_eq!(read("which=%7B%22c%22%3A2%7D").unwrap()["which"], json!({"c": 2}));
        for wrong in ["deep.count=10", "deep.count=", "limit=x", "which=z", "next=z&next.count=1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_program_has_set_is_shown_and_so_is_what_is_not_as_usual() {
        let shown = options(ANSWERS, &json!({"c": 2}));
        assert_eq!(
            shown.iter().map(|option| option.chosen).collect::<Vec<_>>(),
            [false, false, true]
        );
        assert_eq!(options(ANSWERS, &Value::Null).len(), 2);
        let mut normal = current();
        assert!(differing(GROUPS, &current(), &normal).is_empty());
        normal["deep"]["count"] = json!(4);
        assert_eq!(differing(GROUPS, &current(), &normal), ["Label"]);
        assert!(views(GROUPS, &current(), &normal)[0].switches[1].differs);
    }
}
