//! Pages of ST100x to ST103x: YAML, keys and names of files.

use super::{Entry, entry};
use crate::codes::*;

pub(super) const PAGES: &[Entry] = &[
    entry(
        YAML_SYNTAX,
        "A colon, a quote or an indentation is not where YAML needs it. A text with `: ` in it has to be quoted.",
        "Correct the line; where the place looks right, look at the line above it.",
    )
    .example("workflows/yaml-syntax.yaml"),
    entry(
        YAML_ALIAS,
        "With anchors and aliases a small file can stand for a huge one, and a reader has to jump to see what is meant.",
        "Write the value out at each place.",
    )
    .example("workflows/alias.yaml"),
    entry(YAML_TAG, "A tag asks the reader to build something of its own, which these files never need.", "Remove it.")
        .example("workflows/tag.yaml"),
    entry(
        YAML_MERGE,
        "Merge keys hide where a value comes from, and YAML readers do not agree on what they do.",
        "Write the keys out.",
    )
    .example("workflows/merge-key.yaml"),
    entry(
        DUPLICATE_KEY,
        "YAML readers take the first or the last of two equal keys, without a word.",
        "Keep one of the two.",
    )
    .example("workflows/duplicate-key.yaml"),
    entry(
        BOOLISH_KEY,
        "Older YAML readers take these words for true or false, so that the key would not be the same everywhere.",
        "Use another word, or put it into quotes where the name is not yours to choose.",
    )
    .example("workflows/key-named-on.yaml"),
    entry(
        YAML_LIMIT,
        "A file has at most 1 MiB and 64 levels, so that no file can stop the service by its size or depth.",
        "Split the file, or write it with fewer levels.",
    )
    .example("workflows/too-deep.yaml"),
    entry(
        NOT_UTF8,
        "Bytes that are no UTF-8 would be other letters on another machine.",
        "Save the file as UTF-8 in your editor.",
    ),
    entry(
        NOT_A_DOCUMENT,
        "An empty file, a list, or a second document behind `---` says nothing that could be read here.",
        "Keep one document that starts with a key such as `workflow:`.",
    )
    .example("workflows/second-document.yaml"),
    entry(
        EXPRESSION_IN_FLOW,
        "Inside braces and brackets, YAML gives the characters of an expression meanings of its own.",
        "Write the mapping as a block, one key in each line.",
    )
    .example("workflows/expression-in-flow.yaml"),
    entry(
        UNKNOWN_FILE_KIND,
        "A file says by its first key what it is. One that says nothing would be skipped in silence.",
        "Start it with `workflow:`, `test:` or `rollout:`; files that are not ours belong into another folder.",
    )
    .example("rollouts/neither.yaml"),
    entry(
        NO_WORKSPACE,
        "Names, types and the policy come from `staunch.yaml`; without it only shapes can be checked.",
        "Run the command in a workspace, or make one with `staunch init DIR`.",
    ),
    entry(
        NOT_A_FILE,
        "A workflow that is left out in silence is one that everybody believes to be in force. Links are followed to files \
         inside of the workspace, as Kubernetes mounts them; not out of it, and not to folders.",
        "Put a plain file of a name in UTF-8 there, or take it away.",
    ),
    entry(
        UNKNOWN_KEY,
        "A misspelt key would be a rule that never holds, so a key that is not known here is an error.",
        "Take the name that is offered, or remove the key.",
    )
    .example("workflows/unknown-key.yaml"),
    entry(
        MISSING_KEY,
        "Without it nobody can see what is meant, and nothing is guessed.",
        "Add the key that is named.",
    )
    .example("workflows/missing-key.yaml"),
    entry(
        WRONG_TYPE,
        "The place takes a number, text, a list or a mapping, and this is another of them.",
        "Write what is asked for; a number that is meant as text is put into quotes.",
    )
    .example("workflows/wrong-type.yaml"),
    entry(
        NEEDS_UNIT,
        "A bare `5` can be days or hours, per cent or shares, euros or pounds.",
        "Write the unit: `5%`, `72h`, `500 EUR`.",
    )
    .example("workflows/bare-duration.yaml"),
    entry(
        BAD_VALUE,
        "The key takes a few words, or a value of a certain form, and this is neither. Or an expression compares a field, a \
         band or a label with a text that it can never be, so that the condition never holds, or always.",
        "Take one of those that are listed.",
    )
    .example("workflows/bad-window.yaml"),
    entry(
        OUT_OF_RANGE,
        "The number has the right type and lies beyond what makes sense here.",
        "Write one in the range that is named.",
    )
    .example("workflows/out-of-range.yaml"),
    entry(
        NOT_AVAILABLE,
        "The language has it and this version does not; a file that needs it would do less than it says.",
        "Leave it out for now, or wait for the version that brings it.",
    )
    .example("workflows/not-available.yaml"),
    entry(
        DUPLICATE_ID,
        "Receipts, tests and comparisons refer to an id, over versions, too. Two things of one id could not be told apart.",
        "Give one of them another id; ids that were published before stay where they are.",
    )
    .example("workflows/duplicate-step.yaml"),
    entry(
        PLAIN_SECRET,
        "Files of a workspace are committed and shown. The line is left out of the report for the same reason.",
        "Put the secret into the environment or a file beside the workspace, and refer to it: `env:NAME` or `file:PATH`.",
    )
    .example("workspaces/plain-secret/staunch.yaml"),
    entry(
        OPEN_END,
        "People for whom nothing holds would stop in the middle, and nobody would have decided that.",
        "Write `else`, `if_seen` and `if_not`: `stop`, `continue` or steps.",
    )
    .example("workflows/missing-else.yaml"),
    entry(
        UNKNOWN_EVENT,
        "A workflow that waits for an event that never comes looks fine and does nothing.",
        "Take the name that is offered, or declare the event under `events` in staunch.yaml.",
    )
    .example("workflows/unknown-event.yaml"),
    entry(
        UNKNOWN_PURPOSE,
        "Consent is given for a purpose. For one that nobody declared there is none, and nothing would ever be sent.",
        "Take a declared purpose, or add it to `purposes` in staunch.yaml.",
    )
    .example("workflows/unknown-purpose.yaml"),
    entry(
        UNKNOWN_TEMPLATE,
        "A message without its text cannot be rendered, and its run would be held at the step.",
        "Take the name that is offered, or add the file to `templates/`.",
    )
    .example("workflows/unknown-template.yaml"),
    entry(
        UNKNOWN_ROLE,
        "A gate of a role without people holds everything until it expires.",
        "Take a declared role, or add it to `roles` in staunch.yaml.",
    )
    .example("workflows/unknown-role.yaml"),
    entry(
        UNKNOWN_CONNECTOR,
        "A task or request without a connector has nowhere to go.",
        "Take a declared connector, or add it to `connectors` in staunch.yaml.",
    )
    .example("workflows/unknown-connector.yaml"),
    entry(
        UNKNOWN_AUDIENCE,
        "Nobody is in an audience that is not declared: a schedule over it starts nothing, a rule that leaves it out \
         leaves out nobody.",
        "Take the name that is offered, or declare it under `audiences` in staunch.yaml.",
    )
    .example("workflows/unknown-audience.yaml"),
    entry(
        UNKNOWN_STEP,
        "Tests and waits refer to steps by their ids, and the workflow has none of this id.",
        "Take the name that is offered.",
    )
    .example("workflows/fine.test.yaml"),
    entry(
        UNKNOWN_WORKFLOW,
        "A test or rollout is about a workflow of the same workspace, and there is none of this name.",
        "Take the name that is offered, or correct `workflow:` in the workflow's file.",
    )
    .example("rollouts/fine-30d.yaml"),
    entry(
        UNKNOWN_FIELD,
        "Only declared fields are read of an event or a contact; anything else would be empty for everybody.",
        "Take the name that is offered, or declare the field in staunch.yaml.",
    )
    .example("workflows/text-field.yaml"),
];
