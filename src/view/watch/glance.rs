//! What a person chose to see, and the keys that change it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Which curve, and from which link on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Glance {
    /// Steps from the first curve; counted round.
    pub curve: isize,
    /// Links above the first one that is shown.
    pub link: usize,
}

/// What a key asks for beyond another glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMeaning {
    /// Nothing else.
    Glance,
    /// To look no more: q, or Escape.
    Leave,
    /// What Ctrl-C is elsewhere; a terminal that is held hands it over as a key.
    Interrupt,
}

impl Glance {
    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent) -> KeyMeaning {
        if key.kind == KeyEventKind::Release {
            return KeyMeaning::Glance;
        }
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return KeyMeaning::Interrupt,
            KeyCode::Char('q') | KeyCode::Esc => return KeyMeaning::Leave,
            KeyCode::Left | KeyCode::Char('h') => self.curve -= 1,
            KeyCode::Right | KeyCode::Char('l') | KeyCode::Tab => self.curve += 1,
            KeyCode::Up | KeyCode::Char('k') => self.link = self.link.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.link += 1,
            KeyCode::PageUp => self.link = self.link.saturating_sub(PAGE),
            KeyCode::PageDown => self.link += PAGE,
            KeyCode::Home => *self = Self::default(),
            _ => (),
        }
        KeyMeaning::Glance
    }

    /// The place of the chosen one of so many curves.
    pub(super) fn chosen(self, curves: usize) -> usize {
        self.curve.rem_euclid(curves.max(1) as isize) as usize
    }
}

/// Links that a page goes on by.
const PAGE: usize = 5;
