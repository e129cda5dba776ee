/** `image-based`: /usr belongs to an image and is read-only, and there is no package manager, as on Flatcar. */
export type MachineKind = 'ordinary' | 'image-based';

/** The kind that the options of a lab say. */
export const kindOf = ({ imageBased }: { readonly imageBased: boolean }): MachineKind =>
  imageBased ? 'image-based' : 'ordinary';
