//! The story as a Mermaid `sequenceDiagram`: for pages that render it, such as an issue's.

use std::fmt::Write;

use super::text::wrap;
use super::{Lane, Step, Story};

/// Characters in a line of a note.
const WIDTH: usize = 60;

impl Story {
    /// The story as the text of a Mermaid sequence diagram.
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("sequenceDiagram\n");
        if !self.rule.is_empty() {
            let _ = writeln!(
                text,
                "    title {} of adapter {}",
                escape(&self.rule),
                escape(&self.adapter)
            );
        }
        for cpu in self.numbers() {
            let _ = writeln!(text, "    box cpu {cpu}");
            for lane in Lane::ALL {
                let (id, name) = (id(cpu, lane), lane.name());
                let _ = writeln!(text, "    participant {id} as {name}");
            }
            text.push_str("    end\n");
        }
        let mut owner = "";
        for step in &self.steps {
            one(step, owner, &mut text);
            owner = &step.owner;
        }
        if let (Some(hidden), Some(last)) = (self.rest.words(), self.steps.last()) {
            note(&mut text, last.cpu, &hidden);
        }
        text
    }
}

fn one(step: &Step, owner: &str, text: &mut String) {
    if let Some(hidden) = step.hidden.words() {
        note(text, step.cpu, &hidden);
    }
    if step.switched {
        note(text, step.cpu, &format!("cpu {} goes on", step.cpu));
    }
    if !step.text.is_empty() {
        let (from, to) = (id(step.cpu, step.from), id(step.cpu, step.to));
        let arrow = if step.returns { "-->>" } else { "->>" };
        let _ =
            writeln!(text, "    {from}{arrow}{to}: {}{}", escape(&step.text), holds(step, owner));
    }
    if let Some(broken) = &step.broken {
        let lines = wrap(&broken.words(), WIDTH);
        let said: Vec<String> = lines.iter().map(|line| escape(line)).collect();
        let said = said.join("<br/>");
        text.push_str("    rect rgba(220, 40, 40, 0.25)\n");
        let _ = writeln!(text, "    Note over {}: {said}", id(step.cpu, step.from));
        text.push_str("    end\n");
    }
}

/// What holds after a step, where it says something new.
fn holds(step: &Step, owner: &str) -> String {
    let mut parts = Vec::new();
    if step.owner != owner && !step.owner.is_empty() {
        parts.push(format!("owner {}", step.owner));
    }
    if step.level != "PASSIVE" {
        parts.push(step.level.clone());
    }
    if !step.locks.is_empty() {
        parts.push(format!("holds {}", step.locks.join(", ")));
    }
    if parts.is_empty() { String::new() } else { format!("<br/>{}", escape(&parts.join(" · "))) }
}

fn id(cpu: usize, lane: Lane) -> String {
    format!("{}{cpu}", ["P", "N", "M"][lane as usize])
}

fn note(text: &mut String, cpu: usize, said: &str) {
    let (first, last) = (id(cpu, Lane::Protocol), id(cpu, Lane::Miniport));
    let _ = writeln!(text, "    Note over {first},{last}: {}", escape(said));
}

/// What would end a statement, begin a comment or be read as HTML, as Mermaid's entities.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '#' | ';' | '%' | '<' | '>' | '&' | '"' | '\\' | '`' | '{' | '}' => {
                let _ = write!(escaped, "#{};", letter as u32);
            }
            _ if letter.is_control() => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}
