/** What happens to a network while it runs: something fails, or is mended. */
export type Fault =
  /**
   * An interface is set down, or up again; of a line over PPP, the one beneath, of which pppd notices in its own time. Its host loses the routes by it, and the link's other ends their carrier. A host
   * that is not on trial has its static routes again when the interface is up.
   */
  | (Place & { readonly kind: 'down' | 'up' })
  /** A cable goes with the interfaces at both its ends, as a PPP session that ends; of a line over PPP, the far end hangs up. */
  | (Place & { readonly kind: 'vanish' })
  /** A cable that had vanished is there again, with new interfaces; a line over PPP is dialled again. */
  | (Place & {
      readonly kind: 'return';
      /** Another address for the interface than it had, on a line from point to point; the far end takes it for its peer. */
      readonly address?: string;
    })
  /** A host drops all that comes to it and sends nothing, not even ARP; its links stay up. Or it is alive again. */
  | { readonly kind: 'silence' | 'revive'; readonly host: string };

/** An end of a link. */
interface Place {
  readonly host: string;
  readonly interface: string;
}
