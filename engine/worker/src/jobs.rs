//! What is to be decided, sorted into jobs: one per contact, or one for several that turn out to be one person.
//!
//! Within a job everything goes in the order of events. So an event before the merge is decided for the record that it
//! names, and one behind it for the survivor, however the messages arrived.

use crate::migrate::Migrated;
use staunch_core::account::{Account, Accounts};
use staunch_core::contact::Contact;
use staunch_core::decide::{Input, Scores, Subject, Transition, other_id};
use staunch_core::event::EventKey;
use staunch_core::run::RunStatus;
use staunch_store::{Change, Loaded};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// One input for one contact.
#[derive(Clone, Debug)]
pub(crate) struct Todo {
    /// The id as it came; it may be an alias.
    pub contact: String,
    pub input: Input,
    /// The index of the delivery that an event came with.
    pub delivery: Option<usize>,
    /// Whether it may be decided already, as far as one can tell before the commit.
    pub again: bool,
}

/// Contacts on their way through decisions, with the inputs that are about them.
pub(crate) struct Job {
    pub inputs: VecDeque<Todo>,
    pub scores: Scores,
    pub opens: Vec<Open>,
    /// Ids that are a contact's other ones, those of this job included.
    aliases: HashMap<String, String>,
}

/// One contact of a job: what changes, and what came of which inputs.
pub(crate) struct Open {
    pub change: Change,
    pub end: End,
}

/// What one change stands for. Where it loses, its inputs are decided again.
#[derive(Default)]
pub(crate) struct End {
    /// Whether there is anything to commit.
    pub changed: bool,
    pub taken: Vec<Todo>,
    /// Deliveries that do not fit, with a sentence.
    pub refused: Vec<(usize, String)>,
    pub migrated: Migrated,
}

impl Todo {
    pub fn key(&self) -> Option<EventKey> {
        match &self.input {
            Input::Event(event) => Some(event.key()),
            _ => None,
        }
    }

    /// The other id that an identity event names.
    pub fn other(&self) -> Option<&str> {
        match &self.input {
            Input::Event(event) => other_id(event),
            _ => None,
        }
    }

    /// The account that an event is about, beside that of its contact.
    pub fn account(&self) -> Option<&str> {
        match &self.input {
            Input::Event(event) if event.kind == "account.updated" => event.body.as_ref()?.get("id")?.as_str(),
            _ => None,
        }
    }
}

/// Sorts inputs into jobs, without those that are decided already or come twice; gives how many these are.
pub(crate) fn sort(todos: Vec<Todo>, loaded: &mut Loaded) -> (Vec<Job>, usize) {
    let before = todos.len();
    let mut seen = HashSet::new();
    let mut new = |todo: &Todo| todo.key().is_none_or(|key| !loaded.decided.contains(&key) && seen.insert(key));
    let todos: Vec<Todo> = todos.into_iter().filter(|todo| new(todo)).collect();
    let duplicates = before - todos.len();
    let leaders = leaders(&todos, &loaded.aliases);
    let mut groups: BTreeMap<String, Vec<Todo>> = BTreeMap::new();
    for todo in todos {
        let own = own_id(&loaded.aliases, &todo.contact);
        let leader = leader(&leaders, own).to_owned();
        groups.entry(leader).or_default().push(todo);
    }
    (groups.into_values().map(|group| Job::new(group, loaded)).collect(), duplicates)
}

fn own_id<'a>(aliases: &'a HashMap<String, String>, id: &'a str) -> &'a str {
    aliases.get(id).map_or(id, String::as_str)
}

/// For every contact that an identity event ties to another one, the next one on the way to the leader of its group.
fn leaders(todos: &[Todo], aliases: &HashMap<String, String>) -> HashMap<String, String> {
    let mut leaders: HashMap<String, String> = HashMap::new();
    for todo in todos {
        let Some(other) = todo.other() else { continue };
        let one = leader(&leaders, own_id(aliases, &todo.contact)).to_owned();
        let two = leader(&leaders, own_id(aliases, other)).to_owned();
        if one != two {
            leaders.insert(two, one);
        }
    }
    leaders
}

fn leader<'a>(leaders: &'a HashMap<String, String>, id: &'a str) -> &'a str {
    let mut id = id;
    while let Some(next) = leaders.get(id) {
        id = next;
    }
    id
}

impl Job {
    fn new(mut inputs: Vec<Todo>, loaded: &mut Loaded) -> Job {
        let position = |todo: &Todo| match &todo.input {
            Input::Event(event) => Some(event.position()),
            _ => None,
        };
        inputs.sort_by_cached_key(position);
        let (mut opens, mut aliases) = (Vec::new(), HashMap::new());
        for raw in inputs.iter().flat_map(|todo| std::iter::once(todo.contact.as_str()).chain(todo.other())) {
            let own = own_id(&loaded.aliases, raw);
            if let Some((contact, version)) = loaded.contacts.remove(own) {
                opens.push(Open { change: Change::new(contact, version), end: End::default() });
            }
            if own != raw {
                aliases.insert(raw.to_owned(), own.to_owned());
            }
        }
        Job { inputs: inputs.into(), scores: Scores::new(), opens, aliases }
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.opens.iter().position(|open| open.change.contact.id == id)
    }

    /// The contact that the next input is about, now.
    pub fn open(&mut self, raw: &str) -> usize {
        let id = own_id(&self.aliases, raw);
        match self.find(id) {
            Some(at) => at,
            None => {
                let change = Change::new(Contact::new(id), 0);
                self.opens.push(Open { change, end: End::default() });
                self.opens.len() - 1
            }
        }
    }

    /// Whom a decision is about. Its contact is out of the job until [`Job::give_back`] or [`Job::take`].
    pub fn subject(&mut self, at: usize, todo: &Todo) -> Subject {
        let other = todo.other().map(|raw| own_id(&self.aliases, raw)).and_then(|id| self.find(id));
        // Nobody else knows a contact that is neither stored nor decided about.
        let known = |open: &&Open| open.end.changed || open.change.expected > 0;
        let other = other.filter(|other| *other != at).map(|other| &self.opens[other]);
        let other = other.filter(known).map(|open| open.change.contact.clone());
        Subject { contact: std::mem::take(&mut self.opens[at].change.contact), other }
    }

    /// The contact as it was handed out.
    pub fn give_back(&mut self, at: usize, subject: Subject) {
        self.opens[at].change.contact = subject.contact;
    }

    /// Notes an input that does not fit. Where the contact's change loses, it is looked at again.
    pub fn refuse(&mut self, at: usize, todo: Todo, why: String) {
        let end = &mut self.opens[at].end;
        end.refused.extend(todo.delivery.map(|delivery| (delivery, why)));
        end.taken.push(todo);
    }

    /// Takes a decision over: the contact, its new ids, and what was decided of a record that became this one.
    pub fn take(&mut self, at: usize, mut transition: Transition, todo: Todo, accounts: &mut Accounts) {
        if let Some(delta) = &transition.account {
            accounts.entry(delta.id.clone()).or_insert_with(|| Account::new(&delta.id)).apply(delta);
        }
        for alias in &transition.aliases {
            self.aliases.insert(alias.clone(), transition.contact.id.clone());
        }
        let merged = transition.merged.take();
        let open = &mut self.opens[at];
        open.change.contact.id.clone_from(&transition.contact.id);
        // A migration that finds nothing to do leaves no trace, so that it can be repeated.
        let idle = matches!(todo.input, Input::Migrate(_)) && transition.runs.is_empty();
        open.end.changed |= !idle;
        if let Some(tombstone) = merged
            && let Some(gone) = self.find(&tombstone.id)
        {
            let gone = std::mem::replace(&mut self.opens[gone], Open::nobody());
            let open = &mut self.opens[at];
            open.change.absorb(gone.change, tombstone);
            open.end.absorb(gone.end);
        }
        let open = &mut self.opens[at];
        open.end.migrated.count(&todo.input, &transition);
        open.change.add(transition);
        open.end.taken.push(todo);
    }
}

impl Open {
    /// In the place of a contact that is another one's now: nothing to commit, and no id that anybody asks for.
    fn nobody() -> Open {
        Open { change: Change::new(Contact::default(), 0), end: End::default() }
    }
}

impl End {
    fn absorb(&mut self, other: End) {
        self.taken.extend(other.taken);
        self.refused.extend(other.refused);
        self.migrated.add(other.migrated);
    }
}

impl Migrated {
    /// Counts the runs that a migration changed.
    fn count(&mut self, input: &Input, transition: &Transition) {
        let Input::Migrate(migration) = input else { return };
        for run in transition.runs.iter().filter(|run| run.workflow == migration.workflow) {
            match &run.status {
                RunStatus::Left { .. } => self.ended += 1,
                _ => self.moved += 1,
            }
        }
    }
}
