//! The policy library's answers as the protocol has them.

use attestry_policy::editor::{Completion, CompletionKind, Hover};
use attestry_policy::{Diagnostic, Severity};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTag, CompletionTextEdit, DiagnosticSeverity,
    Documentation, HoverContents, MarkupContent, MarkupKind, NumberOrString, TextEdit,
};

use super::positions::Lines;

/// What diagnostics name as their origin.
const SOURCE: &str = "attestry";

pub fn diagnostic(found: &Diagnostic, lines: &Lines<'_>) -> lsp_types::Diagnostic {
    let message = match &found.help {
        Some(help) => format!("{}\nhelp: {help}", found.message),
        None => found.message.clone(),
    };
    lsp_types::Diagnostic {
        range: lines.range(found.span),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(found.code.to_owned())),
        source: Some(SOURCE.to_owned()),
        message,
        ..lsp_types::Diagnostic::default()
    }
}

/// `rank` keeps the order of the library among offers that match equally well.
pub fn completion(offer: Completion, rank: usize, lines: &Lines<'_>) -> CompletionItem {
    let documentation = (!offer.documentation.is_empty())
        .then(|| Documentation::MarkupContent(markdown(offer.documentation)));
    CompletionItem {
        filter_text: Some(offer.label.clone()),
        label: offer.label,
        kind: Some(kind(offer.kind)),
        detail: Some(offer.detail),
        documentation,
        sort_text: Some(format!("{rank:05}")),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(
            lines.range(offer.replaced),
            offer.insert,
        ))),
        tags: offer.deprecated.then(|| vec![CompletionItemTag::DEPRECATED]),
        ..CompletionItem::default()
    }
}

pub fn hover(hover: &Hover, lines: &Lines<'_>) -> lsp_types::Hover {
    let text = format!("```attestry-policy\n{}\n```\n{}", hover.title, hover.text);
    lsp_types::Hover {
        contents: HoverContents::Markup(markdown(text)),
        range: Some(lines.range(hover.span)),
    }
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent {
        kind: MarkupKind::Markdown,
        value,
    }
}

fn kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Claim => CompletionItemKind::CONSTANT,
        CompletionKind::Setting | CompletionKind::Property => CompletionItemKind::PROPERTY,
        CompletionKind::Action => CompletionItemKind::METHOD,
        CompletionKind::Function => CompletionItemKind::FUNCTION,
        CompletionKind::Value => CompletionItemKind::VALUE,
        CompletionKind::Identifier => CompletionItemKind::VARIABLE,
        _ => CompletionItemKind::KEYWORD,
    }
}
