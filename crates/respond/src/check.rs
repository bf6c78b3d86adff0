//! What must hold for a playbook beyond its shape: expressions that can be read and name only what there is, reads that
//! only read, texts in three languages, names that the command line can take.

use haechi_content::yaml::Node;
use haechi_content::{Diagnostic, Source, Text};

use crate::expression::Expression;
use crate::playbook::{Change, Playbook, Read, Step};
use crate::template;

/// Words that are commands beside the playbooks' names.
const COMMANDS: [&str; 8] = ["list", "plans", "show", "approve", "apply", "undo", "due", "help"];
/// Names that every expression may use.
pub(crate) const GIVEN: [&str; 6] = ["account", "region", "partition", "token", "callTime", "planned"];

struct Check<'a> {
    root: &'a Node,
    source: &'a Source,
    found: Vec<Diagnostic>,
    /// Names known so far.
    names: Vec<String>,
}

pub(crate) fn problems(playbook: &Playbook, root: &Node, source: &Source) -> Vec<Diagnostic> {
    let names = GIVEN.iter().map(ToString::to_string).collect();
    let mut check = Check { root, source, found: Vec::new(), names };
    check.header(playbook);
    check.inputs(playbook);
    check.facts(playbook);
    for (at, refusal) in playbook.refuse.iter().enumerate() {
        let at = at.to_string();
        check.expression(&refusal.when, &[], &["refuse", &at, "when"]);
        check.text(&refusal.says, &["refuse", &at, "says"]);
    }
    if let Some(limit) = &playbook.limit {
        check.template(&limit.per.as_str().into(), &[], &["limit", "per"]);
        check.expression(&limit.most, &[], &["limit", "most"]);
    }
    for (id, step) in playbook.steps.iter() {
        check.step(id, step);
    }
    check.examples(playbook);
    check.found
}

impl Check<'_> {
    fn at(&mut self, path: &[&str], message: impl Into<String>) {
        self.found.push(self.source.diagnostic(self.root.at(path).span(), message));
    }

    fn text(&mut self, text: &Text, path: &[&str]) {
        if !text.is_complete() {
            self.at(path, "the text must be there in English, Korean and Japanese (en, ko, ja)");
        }
    }

    fn header(&mut self, playbook: &Playbook) {
        if playbook.schema != 1 {
            self.at(&["schema"], "`schema` is 1");
        }
        let id = &playbook.id;
        let sound = !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !sound {
            self.at(&["id"], "an id has small letters, digits and hyphens");
        }
        if COMMANDS.contains(&id.as_str()) {
            self.at(&["id"], format!("`{id}` is a command"));
        }
        self.text(&playbook.title, &["title"]);
        self.text(&playbook.why, &["why"]);
        if playbook.steps.0.is_empty() {
            self.at(&["steps"], "a playbook has steps");
        }
    }

    fn name(&mut self, name: &str, path: &[&str]) {
        let sound =
            name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
        if !sound {
            self.at(path, format!("`{name}`: a name is letters and digits and begins with a small letter"));
        }
        if self.names.iter().any(|known| known == name) {
            self.at(path, format!("there is a `{name}` already"));
        }
        self.names.push(name.to_owned());
    }

    fn inputs(&mut self, playbook: &Playbook) {
        for (name, input) in playbook.inputs.iter() {
            self.name(name, &["inputs", name]);
            self.text(&input.meaning, &["inputs", name, "meaning"]);
            if let Some(Err(error)) = input.matches.as_deref().map(regex::Regex::new) {
                self.at(&["inputs", name, "matches"], error.to_string());
            }
            for (at, from) in input.from.iter().enumerate() {
                let path = ["inputs", name, "from", &at.to_string()];
                match Expression::parse(from) {
                    Ok(expression) if expression.names() == ["finding"] => {}
                    Ok(_) => self.at(&path, "it is an expression over `finding`"),
                    Err(problem) => self.at(&path, problem.message),
                }
            }
        }
    }

    fn facts(&mut self, playbook: &Playbook) {
        for (name, fact) in playbook.facts.iter() {
            let path = ["facts", name];
            match (&fact.is, &fact.read) {
                (Some(is), None) => self.expression(is, &[], &["facts", name, "is"]),
                (None, Some(read)) => self.read(read, &[], &["facts", name, "read"]),
                _ => self.at(&path, "a fact has either `is` or `read`"),
            }
            if let Some(when) = &fact.when {
                self.expression(when, &[], &["facts", name, "when"]);
            }
            self.name(name, &path);
        }
    }

    fn expression(&mut self, text: &str, more: &[&str], path: &[&str]) {
        let node = self.root.at(path);
        match Expression::parse(text) {
            Ok(expression) => {
                for name in expression.names() {
                    if !self.names.contains(&name) && !more.contains(&name.as_str()) {
                        let known = self.names.iter().map(String::as_str).chain(more.iter().copied());
                        let near = haechi_content::nearest(&name, known).map(str::to_owned);
                        let mut problem = self.source.diagnostic(node.span(), format!("there is no `{name}` here"));
                        if let Some(near) = near {
                            problem = problem.help(format!("did you mean `{near}`?"));
                        }
                        self.found.push(problem);
                    }
                }
            }
            Err(problem) => {
                let mut said = self.source.diagnostic(node.span(), format!("{}, in `{text}`", problem.message));
                if let Some(help) = problem.help {
                    said = said.help(help);
                }
                self.found.push(said);
            }
        }
    }

    fn template(&mut self, template: &serde_json::Value, more: &[&str], path: &[&str]) {
        match template::expressions(template) {
            Ok(expressions) => {
                for expression in expressions.into_iter().map(str::to_owned).collect::<Vec<_>>() {
                    self.expression(&expression, more, path);
                }
            }
            Err(missing) => self.at(path, missing.to_string()),
        }
    }

    fn read(&mut self, read: &Read, more: &[&str], path: &[&str]) {
        if !haechi_aws::only_reads(&read.call.name) {
            self.at(&[path, &["call"]].concat(), format!("`{}` changes something; a reading only reads", read.call));
        }
        self.template(&read.with, more, &[path, &["with"]].concat());
        if let Some(region) = &read.region {
            self.template(&region.as_str().into(), more, &[path, &["region"]].concat());
        }
        self.expression(&read.take, &[more, &["answer"]].concat(), &[path, &["take"]].concat());
    }

    fn change(&mut self, change: &Change, more: &[&str], path: &[&str]) {
        if haechi_aws::only_reads(&change.call.name) {
            self.at(&[path, &["call"]].concat(), format!("`{}` changes nothing", change.call));
        }
        self.template(&change.with, more, &[path, &["with"]].concat());
        if let Some(region) = &change.region {
            self.template(&region.as_str().into(), more, &[path, &["region"]].concat());
        }
        for on in &change.on {
            self.template(&on.as_str().into(), more, &[path, &["on"]].concat());
        }
    }

    fn step(&mut self, id: &str, step: &Step) {
        let of = |member: &'static str| ["steps", id, member];
        self.text(&step.title, &of("title"));
        self.text(&step.why, &of("why"));
        let each: &[&str] = match &step.each {
            Some(each) => {
                self.expression(each, &[], &of("each"));
                &["each"]
            }
            None => &[],
        };
        if let Some(when) = &step.when {
            self.expression(when, each, &of("when"));
        }
        self.read(&step.read, each, &of("read"));
        let fresh: Vec<&str> = step.fresh.keys().map(String::as_str).collect();
        for (name, expression) in &step.fresh {
            self.expression(expression, &[each, &["answer"]].concat(), &["steps", id, "fresh", name]);
        }
        self.change(&step.change, &[each, &["state"], &fresh].concat(), &of("change"));
        self.expression(&step.done, &[each, &["state"]].concat(), &of("done"));
        if let Some(part) = &step.part {
            self.expression(part, &[each, &["state"]].concat(), &of("part"));
        }
        self.undo(id, step, each, &fresh);
        for (name, expression) in &step.gives {
            self.expression(expression, &[each, &["state"]].concat(), &["steps", id, "gives", name]);
        }
        for name in step.gives.keys() {
            self.name(name, &["steps", id, "gives", name]);
        }
        if step.each.is_some() && !step.gives.is_empty() {
            self.at(&of("gives"), "a step that is made several times gives no name");
        }
    }

    fn undo(&mut self, id: &str, step: &Step, each: &[&str], fresh: &[&str]) {
        let more = [each, &["state", "before", "after"], fresh].concat();
        let path = ["steps", id, "undo"];
        match (&step.undo.never, step.undo.calls.is_empty()) {
            (Some(never), true) => self.text(never, &["steps", id, "undo", "never"]),
            (None, false) => {}
            _ => self.at(&path, "an undo has either `calls` or `never`"),
        }
        if let Some(done) = &step.undo.done {
            self.expression(done, &more, &["steps", id, "undo", "done"]);
        }
        for (at, call) in step.undo.calls.iter().enumerate() {
            let at = at.to_string();
            let path = ["steps", id, "undo", "calls", &at];
            if let Some(when) = &call.when {
                self.expression(when, &more, &[&path[..], &["when"]].concat());
            }
            self.change(&call.change, &more, &[&path[..], &["change"]].concat());
        }
    }

    fn examples(&mut self, playbook: &Playbook) {
        let planned = playbook.examples.iter().filter(|example| example.refused.is_none()).count();
        if planned == 0 {
            self.at(&["examples"], "a playbook has an example with the calls of its plan");
        }
        if !playbook.refuse.is_empty() && planned == playbook.examples.len() {
            self.at(&["examples"], "a playbook that may refuse has an example of it");
        }
    }
}
