"""Words that a paraphrase does not exchange for another: substances, organs, diseases, places, names.

"Zinc" for "magnesium" is a near neighbour for an embedder and a different fact for a reader. Classes of general medical
English and the endings of technical words; not a list of one document's words.
"""

from __future__ import annotations

import re

from ketarag.text import stem

_BODY = (
    "liver hepatic kidney renal heart cardiac lung pulmonary brain "
    "cerebral skin stomach gastric bowel bladder urinary eye ocular "
    "bone muscle blood bile pancreas spleen thyroid mouth nose throat "
    "limb arm leg hand foot head neck back chest abdomen skull"
)

_CLASSES = (
    "sodium potassium calcium magnesium zinc iron lithium chloride "
    "phosphate copper oxygen hydrogen nitrogen carbon water glucose",
    _BODY,
    "urine feces faeces sweat saliva bile breath milk plasma serum",
    "anxiety depression schizophrenia psychosis mania dementia delirium autism insomnia bipolar addiction",
    "diabetes asthma epilepsy stroke migraine arthritis angina sepsis "
    "hypertension hypotension tachycardia bradycardia seizure "
    "seizures nausea vomiting constipation headache dizziness sedation "
    "fever cough rash infection burns fracture fractures",
    "morphine fentanyl methadone oxycodone hydromorphone codeine tramadol "
    "heroin alcohol caffeine nicotine cannabis cocaine insulin "
    "aspirin ibuprofen warfarin steroid steroids antibiotic antibiotics "
    "opioid opioids benzodiazepine benzodiazepines placebo",
    "pregnancy pregnant breastfeeding lactation lactating newborn neonate elderly obese",
    "glaucoma cataract porphyria anaphylaxis overdose cyp cytochrome bioavailability halflife",
    "usa us uk america england britain canada australia germany "
    "france italy spain china japan india europe africa asia",
    "january february march april june july august september october november december",
    "monday tuesday wednesday thursday friday saturday sunday",
    "factor protein enzyme hormone gene peptide lipid",
    "chemotherapy radiotherapy radiation surgery transplantation dialysis psychotherapy",
    "cream gel tablet capsule patch spray syrup suppository lozenge ointment",
    "nurse nurses psychiatrist psychiatrists surgeon surgeons pharmacist pharmacists specialist specialists",
)
_ENDINGS = re.compile(
    r"(?:ergic|itis|osis|emia|aemia|pathy|pathic|algia|algesia|oma|plegia|uria|phrenia|ectomy|scopy|azepam|azolam|barbital|caine|dipine"
    r"|profen|statin|sartan|olol|pril|mycin|cillin|oxacin|azole|triptan|setron|gabalin|codone|morphone|amine|idone|apine|azine"
    r"|oxetine|pramine|triptyline|kinase|glycan|ketamine|tidine|prazole|mab|tinib|vir|phosphate|sterone|enantiomer)s?$"
)
_LONGEST_PLAIN = 3  # word pieces: a longer word is rare English, usually a term

_STEMS: frozenset[str] = frozenset(stem(word) for words in _CLASSES for word in words.split())


_BODY_STEMS = frozenset(stem(word) for word in _BODY.split())


def names_a_subject(word: str, stemmed: str) -> bool:
    """True when a question with `word` (lower case) is about that thing, so that a text without it cannot answer.

    Parts of the body are not enough: people say "nose" for a route and "bladder" for the urinary tract.
    """
    named = stemmed in _STEMS or (len(word) > 5 and _ENDINGS.search(word) is not None)
    return named and stemmed not in _BODY_STEMS


def is_term(word: str, stemmed: str, pieces: int | None = None) -> bool:
    """True when `word` (lower case) names one thing and no other; `pieces` counts the embedder's pieces of it."""
    if stemmed in _STEMS or any(c.isdigit() for c in word) or (len(word) > 5 and _ENDINGS.search(word)):
        return True
    return pieces is not None and pieces > _LONGEST_PLAIN
