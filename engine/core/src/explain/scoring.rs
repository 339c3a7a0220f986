//! Pages of ST3xxx: plugins and models.

use super::{Entry, entry};
use crate::codes::*;

pub(super) const PAGES: &[Entry] = &[
    entry(
        PLUGIN_MISSING,
        "staunch.lock names a file that is not there or cannot be read.",
        "Build it or put it back, then run `staunch lock`.",
    ),
    entry(
        PLUGIN_DIGEST,
        "The file is not the one that was pinned. It may be a new version, or somebody changed it.",
        "If the change is meant, run `staunch lock` and look at the difference of staunch.lock; else put the old file back.",
    )
    .example("workflows/tampered-plugin.yaml"),
    entry(
        PLUGIN_UNLOCKED,
        "No bytes run that staunch.lock does not pin, so that every decision can be told which model made it.",
        "Put the plugin into `plugins/` and run `staunch lock`.",
    )
    .example("workflows/missing-plugin.yaml"),
    entry(
        PLUGIN_TRAP,
        "The plugin's code stopped with an error of its own; the host is unharmed. Mostly it is a panic, such as a \
         missing value that was taken for granted, or a call for a clock or for random numbers, which no plugin has.",
        "Call the plugin's function with that row in a test of its own: `cargo test` shows the message, which does not \
         leave the component. `staunch plugin score` scores the row by itself.",
    ),
    entry(
        PLUGIN_FUEL,
        "The plugin computes more than a batch may, perhaps without an end.",
        "Make it cheaper: fewer steps for each row, no loops that grow with the input.",
    ),
    entry(
        PLUGIN_DEADLINE,
        "The plugin takes longer than a batch may, or the machine is overloaded.",
        "Make it cheaper; where the machine is the cause, give it less other work.",
    ),
    entry(
        PLUGIN_OUTPUT,
        "Count, range or reasons of the answer are not those that the contract allows. No score is made up in its place.",
        "Score a few rows with `staunch plugin score`, and mend what it names.",
    ),
    entry(
        PLUGIN_IMPORTS,
        "A plugin sees its inputs and nothing else: no clock, no network, no file.",
        "Build it without the import; pass what it needs as an input.",
    ),
    entry(
        PLUGIN_TOO_LARGE,
        "Very large modules take long to compile and much memory.",
        "Compile a smaller model: fewer or shallower trees.",
    ),
    entry(
        PLUGIN_INVALID,
        "The file is no WebAssembly component, or one of another world.",
        "Build it by `staunch model compile`, or from the contract in `plugins/wit`.",
    ),
    entry(
        PLUGIN_TRIPPED,
        "It failed several times in a row. While it rests, `if_unavailable` of each workflow decides.",
        "Look at the failures before; it is tried again by itself.",
    ),
    entry(
        PLUGIN_INPUTS,
        "An input is matched by the last part of its name and by its type. One is missing, not read, or of another type.",
        "Give it the inputs that it reads; the message lists them.",
    )
    .example("workflows/plugin-inputs.yaml"),
    entry(
        PLUGIN_REFUSED,
        "The plugin looked at the batch and said that it cannot score it.",
        "Read its message; often an input is out of the range that it was trained on.",
    ),
    entry(
        PLUGIN_DECLINED,
        "The plugin gives no answer for this contact, by its own rules.",
        "Nothing, where its reason is right; else look at the inputs of this contact.",
    ),
    entry(
        PLUGIN_SHAPE,
        "The answers are another kind of score than was said, so that no workflow could read them.",
        "Build the plugin again, and pin it with `staunch lock`.",
    ),
    entry(LOCK_INVALID, "The file was edited by hand or merged badly.", "Write it again by `staunch lock`."),
    entry(
        PLUGIN_LIMITS,
        "Memory, tables and instances of a plugin are bounded, so that one cannot starve the others.",
        "Make the plugin smaller.",
    ),
    entry(
        PLUGIN_MANIFEST,
        "The manifest says two things that cannot both be true, or others than staunch.lock.",
        "Correct the manifest and build the plugin again, then run `staunch lock`.",
    ),
    entry(
        PLUGIN_COMPILE,
        "Plugins are compiled in a process of its own with a limit of time and memory. This one wanted more, or its compiler ended without a result.",
        "Use a smaller model or split large functions; where the machine is overloaded, try again.",
    ),
    entry(
        PLUGIN_CONTRACT,
        "The plugin exports another major version of `staunch:scoring` than those that this version takes; the message names them.",
        "Build it from the contract in `plugins/wit`, or use a version of Staunch that takes it.",
    ),
    entry(
        PLUGIN_BUSY,
        "More calls wait for a place than may wait. No plugin was asked, and none is to blame.",
        "Give the machine less work at once, or find the slow plugin in the log of refusals.",
    ),
    entry(
        PLUGIN_UNSIGNED,
        "staunch.yaml says `require_signatures`, and there is no file `.sig` beside the component.",
        "Have its owner sign it by `staunch plugin sign`, and put the file beside the component.",
    ),
    entry(
        PLUGIN_KEY,
        "There is a signature, but of a key that staunch.yaml does not list under `plugins: trusted_keys:`.",
        "Ask the owner for the key. If you trust it, add it there and run `staunch lock`.",
    ),
    entry(
        PLUGIN_SIGNATURE,
        "The signature is of another plugin, version or content, was changed, or is not by the key that staunch.lock names.",
        "Do not use the plugin. Get the component and its signature from the owner again, then run `staunch lock`.",
    ),
    entry(
        MODEL_TABLE,
        "The table has no header, a name that stands twice, a row of another length, a column that is not there or holds \
         nothing, or a label that is neither yes nor no. Or it is more than is read: 512 MiB, 5 million rows, 50 million \
         cells, 512 inputs.",
        "Correct the row or column that is named, ignore columns, or give a sample of the rows.",
    ),
    entry(
        MODEL_TOO_LITTLE,
        "From few rows, or from rows that all have one outcome, nothing can be learnt that holds.",
        "Take a longer history, or a label that comes more often.",
    ),
    entry(
        MODEL_TRAINING,
        "A setting makes no sense, or the search for a solution did not come to an end, often because two columns say the \
         same.",
        "Correct the setting; remove columns that say the same, and look for values that are far off.",
    ),
    entry(
        MODEL_INVALID,
        "The file is not of the format that was said, or its parts do not fit each other.",
        "Export the model again; LightGBM text, XGBoost JSON and UBJSON, ONNX of scikit-learn and our own JSON are read.",
    ),
    entry(
        MODEL_COMPILE,
        "The model has parts that a plugin cannot hold, or is larger than one may be.",
        "Read which part it is, and train without it or smaller.",
    ),
    entry(
        GOLDEN_INVALID,
        "The rows that a plugin is checked on cannot be read.",
        "Give golden.csv a column per input and a column `value`: the number that the plugin must give for the row, or \
         `declined`. `staunch plugin score` shows what it gives now.",
    ),
    entry(
        MODEL_UNSUPPORTED,
        "The file is sound, but one of its parts, such as an operator or an objective, has no like in a compiled model. \
         Nothing is left out or guessed.",
        "Do what the message says, or train without that part.",
    ),
    entry(
        MODEL_TOO_LARGE,
        "Bytes, trees, nodes and lists of categories of a model file are bounded, so that no file can fill the memory.",
        "Train fewer or shallower trees, or on fewer categories.",
    ),
];
